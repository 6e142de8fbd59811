// Keeps the self-signed certificate and its key in the spool's folder, for this user alone. The spool belongs to the manager's user,
// who could put anything there: so nothing is read that is not a file of this user's own, closed to all others.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { removeLeftover } from '../../io/remove-file.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_WRONLY, O_CREAT, O_EXCL } = constants;
const othersBits = 0o077;
const mostBytes = 64 * 1024;

function folderIn(spool: string): string {
  return join(spool, 'tls');
}

/** Its text; empty when there is none, or when it is not what this user wrote. */
export function readSelfSigned(spool: string): string {
  let fd: number | undefined;
  try {
    if (!isOurs(lstatSync(folderIn(spool)))) return '';
    fd = openSync(join(folderIn(spool), 'self-signed.pem'), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fstatSync(fd);
    const isWhole = stats.isFile() && stats.nlink === 1 && stats.size <= mostBytes;
    return isWhole && isOurs(stats) ? readFileSync(fd, 'latin1') : '';
  } catch {
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Replaces it. @throws {Error} of the system when it cannot be written */
export function writeSelfSigned(spool: string, text: string): void {
  const folder = folderIn(spool);
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) mkdirSync(folder, 0o700);
  else if (!found.isDirectory() || !isOurs(found)) throw new Error(`${folder} belongs to another user`);
  const written = join(folder, 'self-signed.pem.new');
  removeLeftover(written);
  const fd = openSync(written, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(written, join(folder, 'self-signed.pem'));
}

function isOurs({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return uid === process.geteuid?.() && (mode & othersBits) === 0;
}
