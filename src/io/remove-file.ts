// Removes a file that may be there. Unlike Node's `rmSync` with `force`, it keeps the code of what fails: Node 26 throws
// an error with an empty code there, so that nobody can tell a read-only disk from a mistake of ours.

import { unlinkSync } from 'node:fs';

/** Removes a file or socket; does nothing when there is none. @throws {Error} with the system's code and words */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The same for what is of no use any more and does no harm: where it cannot be removed, it stays. */
export function removeLeftover(path: string): void {
  try {
    removeFile(path);
  } catch {
    // A read-only disk, say. Whoever needs the name tries again, and hears why it cannot be had.
  }
}
