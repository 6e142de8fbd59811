// What is wrong with the sources of the directory now, for `sluice check`.

import type { Config } from '../config/config.ts';
import type { DirectoryConfig } from '../config/directory-config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { examineSource } from '../directory/examine-source.ts';

/** Looks at every source once. */
export async function directoryProblems({ directory }: Config): Promise<ConfigWarning[]> {
  const found = directory.map(async (settings, index) => {
    const { key, place } = placeOf(settings);
    const path = ['directory', index, key];
    return (await examineSource(settings)).map((problem) => ({ path, message: `${place}: ${problem}` }));
  });
  return (await Promise.all(found)).flat();
}

function placeOf(settings: DirectoryConfig): { readonly key: string; readonly place: string } {
  switch (settings.kind) {
    case 'checkpassword':
      return { key: 'command', place: settings.command[0] ?? '' };
    case 'postgresql':
      return { key: 'password_file', place: settings.passwordFile ?? '' };
    default:
      return { key: 'path', place: settings.path };
  }
}
