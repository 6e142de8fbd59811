// What is wrong with the files of keys that sign mail now, for `sluice check`. Whether they are published is asked by `sluice dkim check`.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { readKeyFile } from '../signing/key-file.ts';

/** Reads every key once, but for those whose file depends on the author's domain. */
export async function signingProblems({ signingKey }: Config): Promise<ConfigWarning[]> {
  const found: ConfigWarning[] = [];
  for (const { file: path, place } of signingKey) {
    if (path.includes('%')) continue;
    const at = [...place];
    const file = await readKeyFile(path);
    if (file.kind === 'absent') found.push({ path: at, message: `${path} does not exist` });
    else if (file.kind === 'unusable') found.push({ path: at, message: `${path}: ${file.reason}` });
    else for (const warning of file.warnings) found.push({ path: at, message: `${path}: ${warning}` });
  }
  return found;
}
