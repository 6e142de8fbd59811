// Makes a folder and its parents. Node's own recursive mkdir never ends where the system reports a parent as missing although
// it exists (in /proc), so each folder is made separately here, with one attempt.

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * @param path - absolute
 * @param mode - permissions of the folder itself; new parents get the default of the process
 * @throws {Error} with the system's message; also when something that is no folder has one of these names
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
