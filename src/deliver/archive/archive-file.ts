// Appends messages to the files of an archive: one file, or one for each hour, day or month, and a further one when a size is reached. Promises:
// a message counts when it is on stable storage; what a crash has cut off does not swallow the next message.

import { mkdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { archiveName, type FilePlace } from './archive-name.ts';
import { type HeldLock, type LockTimes, withLock } from './file-lock.ts';
import { nodeMailFiles } from '../../mailbox/mail-files.ts';
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
    const before = (await file.stat()).size;
    let size = before;
    try {
      if (before > 0 && !(await endsWithBlankLine(file, before))) {
        await file.writeFile('\n\n');
        size += 2;
      }
      for await (const piece of pieces) {
        await lock.renew();
        await file.writeFile(piece);
        size += piece.length;
      }
      await file.datasync();
    } catch (error) {
      // Unless somebody else writes to it by now, or has done so.
      const { size: now } = await file.stat();
      if (now <= size + 1024 * 1024 && now >= before && (await lock.isHeld())) await file.truncate(before);
      throw error;
    }
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

async function endsWithBlankLine(file: FileHandle, size: number): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, Math.max(0, size - 2));
  return buffer.toString('latin1', 0, bytesRead) === '\n\n';
}
