// Makes a folder and those above it. Node's own recursive mkdir asks for ever where the system says that the parent is
// missing although it is there (/proc), so each folder is made by itself here, and asked for once.

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * @param path - absolute
 * @param mode - permissions of the folder itself; those above it get what the process usually gives
 * @throws {Error} with the system's words; also when one of them is there and is no folder
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Another process may have made it just now.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EEXIST') throw error;
    if (!statSync(path).isDirectory())
      throw Object.assign(new Error(`${path} is no folder`), { code: 'ENOTDIR' });
  }
}
