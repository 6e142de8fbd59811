// What is wrong with the sources of the directory now, for `sluice check`.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { examineSource } from '../directory/examine-source.ts';

/** Looks at every source once. */
export async function directoryProblems({ directory }: Config): Promise<ConfigWarning[]> {
  const found = directory.map(async (settings, index) => {
    const isProgram = settings.kind === 'checkpassword';
    const path = ['directory', index, isProgram ? 'command' : 'path'];
    const place = isProgram ? (settings.command[0] ?? '') : settings.path;
    return (await examineSource(settings)).map((problem) => ({ path, message: `${place}: ${problem}` }));
  });
  return (await Promise.all(found)).flat();
}
