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

function fileIn(spool: string): string {
  return join(folderIn(spool), 'self-signed.pem');
}

export type FoundSelfSigned =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  /** There is one that must not be read: this user has not written it, or it is closed to this user. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What is in its place. */
export function readSelfSigned(spool: string): FoundSelfSigned {
  let fd: number | undefined;
  try {
    if (!isOurs(lstatSync(folderIn(spool)))) return refused("its folder is not this user's alone");
    fd = openSync(fileIn(spool), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.nlink !== 1 || stats.size > mostBytes)
      return refused('it is not a file that Sluice wrote');
    if (!isOurs(stats)) return refused('others may read or write it');
    return { kind: 'text', text: readFileSync(fd, 'latin1') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'none' };
    return refused(error instanceof Error ? error.message : String(error));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function refused(reason: string): FoundSelfSigned {
  return { kind: 'refused', reason };
}

/** Keeps what is in its place under another name, for people. @returns that name; undefined: it cannot be kept */
export function setSelfSignedAside(spool: string): string | undefined {
  const kept = `${fileIn(spool)}.damaged`;
  try {
    if (!isOurs(lstatSync(folderIn(spool)))) return undefined;
    renameSync(fileIn(spool), kept);
    return kept;
  } catch {
    return undefined;
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
  renameSync(written, fileIn(spool));
}

function isOurs({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return uid === process.geteuid?.() && (mode & othersBits) === 0;
}
