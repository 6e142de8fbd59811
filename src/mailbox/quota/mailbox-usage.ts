// How much is in a mailbox: by its `maildirsize`, or, where that cannot be trusted, by the messages that are there.

import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { QuotaLimits } from '../../values/shared-quotas.ts';
import { newUniqueName, parseMaildirName } from '../maildir/name.ts';
import {
  isSameQuota,
  longestMaildirsize,
  maildirsizeEntry,
  newMaildirsize,
  hasRoom,
  readMaildirsize,
  type ReadMaildirsize,
  type Usage,
} from './maildirsize.ts';

const { O_APPEND, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/** A file that says that a mailbox is full, and is older than this with several lines in it, is made anew: others may have removed mail. */
const believedMs = 15 * 60_000;
const nothing: Usage = { bytes: 0, messages: 0 };

export interface MailboxUsage extends Usage {
  /** Unix ms: since then nothing that is counted came or went. */
  readonly unchangedSinceMs: number;
}

export function maildirsizePath(mailbox: string): string {
  return join(mailbox, 'maildirsize');
}

/**
 * What is in a mailbox by its `maildirsize`; it is made anew where it is missing, damaged, for another quota, or says wrongly that a mailbox is
 * full.
 * @param mailbox - need not be there
 * @param more - what is to come: whether there is room for it
 * @throws {Error} of the system
 */
export async function usageOf(
  mailbox: string,
  limits: QuotaLimits,
  more: Usage,
  nowMs: number,
): Promise<MailboxUsage> {
  const file = await openRegular(maildirsizePath(mailbox));
  if (file === undefined) return recount(mailbox, limits, nowMs);
  try {
    const { mtimeMs } = await file.stat();
    const read = await contentOf(file);
    if (read === undefined || !isSameQuota(read.quota, limits)) return await recount(mailbox, limits, nowMs);
    const isOld = read.entries > 1 && nowMs - mtimeMs > believedMs;
    if (isOld && !hasRoom(limits, read, more)) return await recount(mailbox, limits, nowMs);
    return { bytes: read.bytes, messages: read.messages, unchangedSinceMs: mtimeMs };
  } finally {
    await file.close();
  }
}

/**
 * Adds a line by one write. A file that is not there is made at the next look.
 * @returns the sum with it, and with what others have added before it is read; undefined: there is no file that tells it
 * @throws {Error} of the system
 */
export async function addToUsage(mailbox: string, more: Usage): Promise<Usage | undefined> {
  const file = await openRegular(maildirsizePath(mailbox));
  if (file === undefined) return undefined;
  try {
    await file.write(maildirsizeEntry(more));
    return await contentOf(file);
  } finally {
    await file.close();
  }
}

/** What was added is true now: the file is younger than what it tells of. @throws {Error} of the system */
export async function touchUsage(mailbox: string): Promise<void> {
  const file = await openRegular(maildirsizePath(mailbox));
  if (file === undefined) return;
  try {
    const now = new Date();
    await file.utimes(now, now);
  } finally {
    await file.close();
  }
}

/** What `maildirsize` says, whatever quota it is for; undefined: nothing that can be believed. @throws {Error} of the system */
export async function readUsage(
  mailbox: string,
): Promise<{ readonly usage: Usage; readonly writtenAtMs: number } | undefined> {
  const file = await openRegular(maildirsizePath(mailbox));
  if (file === undefined) return undefined;
  try {
    const { mtimeMs } = await file.stat();
    const read = await contentOf(file);
    return read === undefined
      ? undefined
      : { usage: { bytes: read.bytes, messages: read.messages }, writtenAtMs: mtimeMs };
  } finally {
    await file.close();
  }
}

async function contentOf(file: FileHandle): Promise<ReadMaildirsize | undefined> {
  const length = longestMaildirsize + 1;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
  return readMaildirsize(buffer.toString('latin1', 0, bytesRead));
}

/**
 * Counts what is in a mailbox and in its folders, and makes `maildirsize` anew.
 * @throws {Error} of the system
 */
export async function recount(mailbox: string, limits: QuotaLimits, nowMs: number): Promise<MailboxUsage> {
  const usage = await countMailbox(mailbox);
  if (usage === undefined) return { ...nothing, unchangedSinceMs: nowMs };
  const written = join(mailbox, 'tmp', newUniqueName(nowMs));
  const file = await open(written, 'wx', 0o600);
  try {
    await file.writeFile(newMaildirsize(limits, usage));
  } finally {
    await file.close();
  }
  await rename(written, maildirsizePath(mailbox)).catch(async (error: NodeJS.ErrnoException) => {
    await unlink(written).catch(() => undefined);
    // Somebody has made a folder of this name: what is there is counted each time then.
    if (error.code !== 'EISDIR') throw error;
  });
  return { ...usage, unchangedSinceMs: nowMs };
}

/** What is in a mailbox and in its folders, by names where these have sizes; undefined: there is no mailbox. @throws {Error} of the system */
export async function countMailbox(mailbox: string): Promise<Usage | undefined> {
  let folders: string[];
  try {
    folders = (await readdir(mailbox, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory() && entry.name.startsWith('.'))
      .map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let total = nothing;
  for (const folder of ['', ...folders]) {
    for (const part of ['new', 'cur']) total = sum(total, await countPart(join(mailbox, folder, part)));
  }
  return total;
}

async function countPart(folder: string): Promise<Usage> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return nothing;
    throw error;
  }
  let [bytes, messages] = [0, 0];
  for (const name of names) {
    const parsed = parseMaildirName(name);
    if (parsed === undefined) continue;
    // A reader may move a message meanwhile: then it is counted where it is now, or at the next count.
    const size = parsed.sizeBytes ?? (await sizeOf(join(folder, name)));
    if (size === undefined) continue;
    bytes += size;
    messages++;
  }
  return { bytes, messages };
}

async function sizeOf(path: string): Promise<number | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isFile() === true ? stats.size : undefined;
}

function sum(one: Usage, other: Usage): Usage {
  return { bytes: one.bytes + other.bytes, messages: one.messages + other.messages };
}

/** Undefined: there is none, or something else is in its place. */
async function openRegular(path: string): Promise<FileHandle | undefined> {
  let file;
  try {
    file = await open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO') return undefined;
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}
