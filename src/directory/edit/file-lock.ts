// Keeps two commands from changing the same file at once: a file beside it that only one can make. One that a command left behind that was
// killed is removed.

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { removeFile } from '../../io/remove-file.ts';
import { DirectoryError } from './directory-error.ts';

const tries = 100;
const pauseMs = 100;

/**
 * Runs `act` while nobody else holds the lock of this file.
 * @throws {DirectoryError} `DIRECTORY_LOCKED` after ten seconds, {Error} of the system when the lock cannot be made
 */
export async function whileLocked<Result>(path: string, act: () => Result): Promise<Result> {
  const lock = `${path}.lock`;
  for (let left = tries; !take(lock); left--) {
    if (left === 0)
      throw new DirectoryError(
        'DIRECTORY_LOCKED',
        `Changing ${path}: another command is changing it, and holds ${lock}.`,
        'Try again when it has ended.',
      );
    await setTimeout(pauseMs);
  }
  try {
    return act();
  } finally {
    removeFile(lock);
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}\n`, { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (isHeld(lock)) return false;
  removeFile(lock);
  return false;
}

/** A lock that was just made may be empty still. */
function isHeld(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    if (!Number.isInteger(pid) || pid <= 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Of another user, it lives all the same.
    return code !== 'ESRCH' && code !== 'ENOENT';
  }
}
