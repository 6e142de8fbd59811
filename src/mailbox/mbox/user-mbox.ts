// A message is added to an mbox of a user, by a process that runs as this user. Promises: readers and other programs that deliver are kept out
// meanwhile, by the lock of the system and, where the user may make files beside it, the file `.lock`; nothing but a regular file is written to.

import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nodeMailFiles } from '../mail-files.ts';
import { appendEntry } from './append-entry.ts';
import { type HeldLock, withLock } from './file-lock.ts';
import { lockBySystem } from './system-lock.ts';

const lockWaitMs = 30_000;

/** Of the file itself: it has no place for what is unfinished. */
const lockOfSystem: HeldLock = {
  left: undefined,
  renew: () => Promise.resolve(),
  isHeld: () => Promise.resolve(true),
  note: () => Promise.resolve(),
};

/** Folders such as /var/mail may let nobody make files: there the lock of the system must do. */
const noNewFiles: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * @param pieces - the whole entry, with the line that begins it and the blank one that ends it
 * @throws {Error} of the system, or of `pieces`; the file is as it was then
 */
export async function addToMbox(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let isBegun = false;
  const add = (lock: HeldLock | undefined): Promise<void> => {
    isBegun = true;
    return append(path, pieces, lock);
  };
  try {
    await withLock(path, add);
  } catch (error) {
    if (isBegun || !noNewFiles.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await add(undefined);
  }
}

async function append(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  lock: HeldLock | undefined,
): Promise<void> {
  const { file, isNew } = await openMbox(path);
  try {
    const isLocked = await lockBySystem(file.fd, path, lockWaitMs);
    if (!isLocked && lock === undefined)
      throw systemError('ENOLCK', `${path} cannot be locked: its folder takes no file ${path}.lock`);
    await appendEntry(file, pieces, lock ?? lockOfSystem);
  } finally {
    await file.close();
  }
  if (isNew) await nodeMailFiles.syncDirectory(dirname(path), true);
}

async function openMbox(path: string): Promise<{ readonly file: FileHandle; readonly isNew: boolean }> {
  const { O_APPEND, O_CREAT, O_EXCL, O_NONBLOCK, O_RDWR } = constants;
  // O_NONBLOCK: a FIFO without a reader would be waited for.
  const flags = O_RDWR | O_APPEND | O_NONBLOCK;
  let file;
  try {
    file = await open(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { file: await open(path, flags | O_CREAT | O_EXCL, 0o600), isNew: true };
  }
  if ((await file.stat()).isFile()) return { file, isNew: false };
  await file.close();
  throw systemError('EINVAL', `${path} is no regular file`);
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, syscall: 'open' });
}
