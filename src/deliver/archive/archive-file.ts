// Appends messages to the files of an archive: one file, or one for each hour, day or month, and a further one when a size is reached. Promises:
// a message counts when it is on stable storage; what a crash has cut off does not swallow the next message.

import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { archiveName, type FilePlace } from './archive-name.ts';
import { nodeMailFiles } from '../../mailbox/mail-files.ts';
import { appendEntry } from '../../mailbox/mbox/append-entry.ts';
import { type HeldLock, type LockTimes, withLock } from '../../mailbox/mbox/file-lock.ts';
import { notRegular, openToAppend, regularFileFault } from './regular-file.ts';

/**
 * Appends a message, when no other process of Sluice writes to this archive.
 * @param pieces - the whole entry, with the line that begins it and the blank one that ends it
 * @returns the path of the file
 * @throws {Error} of the system, or of `pieces`; the file is as it was then
 */
export async function addToFile(
  place: FilePlace,
  pieces: AsyncIterable<Uint8Array>,
  nowMs: number,
  times?: LockTimes,
): Promise<string> {
  await makeFolder(dirname(place.path));
  // Said before the lock is made, which may fail for another reason: nobody makes files in /dev.
  const fault = await regularFileFault(archiveName(place, 1, nowMs));
  if (fault !== undefined) throw notRegular(fault);
  // One lock for all files of the archive: which of them is the present one changes with what is written.
  return withLock(place.path, (lock) => append(place, pieces, nowMs, lock), times);
}

async function append(
  place: FilePlace,
  pieces: AsyncIterable<Uint8Array>,
  nowMs: number,
  lock: HeldLock,
): Promise<string> {
  const path = await currentName(place, nowMs);
  const { file, isNew } = await openToAppend(path);
  try {
    await appendEntry(file, pieces, lock);
  } finally {
    await file.close();
  }
  if (isNew) await nodeMailFiles.syncDirectory(dirname(path), true);
  return path;
}

async function makeFolder(folder: string): Promise<void> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) await mkdir(folder, { recursive: true, mode: 0o700 });
}

async function currentName(place: FilePlace, nowMs: number): Promise<string> {
  for (let number = 1; ; number++) {
    const path = archiveName(place, number, nowMs);
    if (place.mostBytes === undefined) return path;
    const size = await stat(path).then(
      (found) => found.size,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return 0;
        throw error;
      },
    );
    if (size < place.mostBytes) return path;
  }
}
