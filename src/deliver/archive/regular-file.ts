// Archives are written to regular files alone: a FIFO or a device may keep whoever opens it waiting, or has no end to append to, and a symbolic
// link would let whoever made it choose the file.

import { constants, type Stats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';

const isLink = 'is a symbolic link, which an archive does not follow: name the file itself';

/** Why no archive is written to this file; undefined: it is a regular one. */
function kindFault(path: string, stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isSymbolicLink()) return `${path} ${isLink}`;
  return `${path} is no regular file: it is ${kindOf(stats)}`;
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}

/** Why no archive is written to this file; undefined: it is a regular one, or not there yet. @throws {Error} of the system */
export async function regularFileFault(path: string): Promise<string | undefined> {
  try {
    return kindFault(path, await lstat(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @throws {Error} of the system, or EINVAL for what is no regular file */
export async function openToAppend(
  path: string,
): Promise<{ readonly file: FileHandle; readonly isNew: boolean }> {
  const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
  // O_NONBLOCK: a FIFO may have taken the place of the file since it was looked at.
  const flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
  let file;
  try {
    file = await open(path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw code === 'ELOOP' ? notRegular(`${path} ${isLink}`) : error;
    return { file: await open(path, flags | O_CREAT | O_EXCL, 0o600), isNew: true };
  }
  const fault = kindFault(path, await file.stat());
  if (fault === undefined) return { file, isNew: false };
  await file.close();
  throw notRegular(fault);
}

/** An error as of the system, with a text of `regularFileFault`. */
export function notRegular(fault: string): Error {
  return Object.assign(new Error(fault), { code: 'EINVAL', syscall: 'open' });
}
