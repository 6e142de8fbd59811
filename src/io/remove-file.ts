// Removes a file that may not exist. Node's `rmSync` with `force` cannot be used: in Node 26 it throws errors with an empty
// code, so that a read-only disk cannot be told from a fault of Sluice.

import { unlinkSync } from 'node:fs';

/** Removes a file or socket; does nothing when there is none. @throws {Error} with the system's code and words */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Removes a leftover that does no harm; ignores a failure. */
export function removeLeftover(path: string): void {
  try {
    removeFile(path);
  } catch {
    // For example on a read-only disk. Code that needs the name tries it again, and reports the reason.
  }
}
