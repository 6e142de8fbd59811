// What a process that died in the middle of an entry has left at the end of an mbox. While it writes, its lock file says how far it may have come; who takes
// the lock of the dead one cuts the piece off. Promises: nothing is cut off but what that process has written; after a restart of the host,
// and where anything looks as if others had written since, nothing is.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** What an entry begins with, so that it is known from what others may have put in its place. */
export interface EntryHead {
  readonly bytes: number;
  /** Of these bytes. */
  readonly hash: string;
}

/** How far an entry has come. Sizes of the file in bytes. */
export interface UnfinishedEntry {
  readonly inode: number;
  /** Before the entry. */
  readonly before: number;
  readonly head: EntryHead;
  /** With all pieces that are surely written. */
  readonly written: number;
  /** With the piece that is being written. */
  readonly end: number;
}

/** A longer piece is not looked through for what others may have written: it stays. */
const mostLookedThrough = 64 * 1024 * 1024;
/** Numbers have this many digits, so that a record takes the place of the one before it with one write. */
const digits = 16;

/** Bytes that tell one entry from another: the sender, the time, and fields of the delivery. */
const headBytes = 512;

/** @param piece - the first one of an entry */
export function headOf(piece: Uint8Array): EntryHead {
  const head = piece.subarray(0, headBytes);
  return { bytes: head.length, hash: createHash('sha256').update(head).digest('hex').slice(0, 32) };
}

/** Of this start of the host: the disk may have other contents than the lock says after the next one. Undefined where the system does not tell. */
let boot: string | undefined | null = null;

function bootId(): string | undefined {
  if (boot !== null) return boot;
  try {
    boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    boot = undefined;
  }
  return boot;
}

/** The line of a lock; undefined where a restart of the host could not be told from a crash. */
export function unfinishedLine({ inode, before, head, written, end }: UnfinishedEntry): string | undefined {
  const id = bootId();
  const numbers = [inode, before, head.bytes, written, end].map((number) =>
    String(number).padStart(digits, '0'),
  );
  return id === undefined ? undefined : `mbox ${numbers.join(' ')} ${head.hash} ${id}\n`;
}

/** In the place of a line: nothing is unfinished. */
export function noUnfinishedLine(line: string): string {
  return `${' '.repeat(line.length - 1)}\n`;
}

/** @returns undefined for anything but a line of this start of the host */
export function readUnfinished(line: string): UnfinishedEntry | undefined {
  const match = /^mbox (\d{16}) (\d{16}) (\d{16}) (\d{16}) (\d{16}) ([0-9a-f]{32}) (\S+)$/u.exec(line);
  if (match === null || match[7] !== bootId()) return undefined;
  const [inode = 0, before = 0, bytes = 0, written = 0, end = 0] = match.slice(1, 6).map(Number);
  const isInOrder = bytes <= headBytes && before <= written && written <= end;
  return isInOrder ? { inode, before, head: { bytes, hash: match[6] ?? '' }, written, end } : undefined;
}

/**
 * Cuts off what is left of an entry whose writer is dead.
 * @param file - locked, and open for reading and writing
 * @throws {Error} of the system
 */
export async function cutOff(file: FileHandle, left: UnfinishedEntry): Promise<void> {
  const { ino, size } = await file.stat();
  if (ino !== left.inode || size < left.before + left.head.bytes || size < left.written || size > left.end)
    return;
  if (!(await beginsWith(file, left))) return;
  // Beyond what is surely written, somebody may have added a message that was no longer than the rest of the piece.
  const length = size - left.written;
  if (length > mostLookedThrough) return;
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, left.written);
  const added = buffer.toString('latin1');
  const own = left.written === left.before ? added.replace(/^\n*From .*\n?/u, '') : added;
  // Lines of an entry that begin so are quoted, so this is the beginning of another one.
  if (/From \S+ .*\d\d:\d\d/u.test(own)) return;
  await file.truncate(left.before);
}

async function beginsWith(file: FileHandle, { before, head }: UnfinishedEntry): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(head.bytes), 0, head.bytes, before);
  return bytesRead === head.bytes && headOf(buffer).hash === head.hash;
}
