// Appends messages to the files of an archive: one file, or one for each hour, day or month, and a further one when a size is reached. Promises:
// a message counts when it is on stable storage; what a crash has cut off does not swallow the next message.

import { constants } from 'node:fs';
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { ArchiveRotation, ArchiveWay } from '../../values/local-way.ts';
import { type LockTimes, withLock } from './file-lock.ts';
import { syncFolder } from './maildir.ts';

type FilePlace = Extract<ArchiveWay['place'], { readonly kind: 'file' }>;

/** Characters of `2026-11-30T10:00:00.000Z` that name the period. */
const stampLengths: Readonly<Record<Exclude<ArchiveRotation, 'never'>, number>> = {
  hourly: 13,
  daily: 10,
  monthly: 7,
};

/** The name of a file: `all-2026-11-30.mbox`, and `all-2026-11-30-2.mbox` for the second one of a day. */
export function archiveName({ path, rotate }: FilePlace, number: number, nowMs: number): string {
  const stamp = rotate === 'never' ? '' : `-${new Date(nowMs).toISOString().slice(0, stampLengths[rotate])}`;
  const extension = extname(path);
  const base = path.slice(0, path.length - extension.length);
  return `${base}${stamp}${number === 1 ? '' : `-${number}`}${extension}`;
}

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
  // One lock for all files of the archive: which of them is the present one changes with what is written.
  return withLock(place.path, () => append(place, pieces, nowMs), times);
}

async function append(place: FilePlace, pieces: AsyncIterable<Uint8Array>, nowMs: number): Promise<string> {
  const path = await currentName(place, nowMs);
  const { file, isNew } = await openToAppend(path);
  try {
    const before = (await file.stat()).size;
    let size = before;
    try {
      if (before > 0 && !(await endsWithBlankLine(file, before)))
        size += (await file.write('\n\n')).bytesWritten;
      for await (const piece of pieces) {
        await file.writeFile(piece);
        size += piece.length;
      }
      await file.datasync();
    } catch (error) {
      // Unless somebody else has written to it meanwhile.
      const { size: now } = await file.stat();
      if (now <= size + 1024 * 1024 && now >= before) await file.truncate(before);
      throw error;
    }
  } finally {
    await file.close();
  }
  if (isNew) await syncFolder(dirname(path));
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

async function openToAppend(path: string): Promise<{ readonly file: FileHandle; readonly isNew: boolean }> {
  const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
  const flags = O_RDWR | O_APPEND | O_NOFOLLOW;
  try {
    return { file: await open(path, flags), isNew: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return { file: await open(path, flags | O_CREAT | O_EXCL, 0o600), isNew: true };
}

async function endsWithBlankLine(file: FileHandle, size: number): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, Math.max(0, size - 2));
  return buffer.toString('latin1', 0, bytesRead) === '\n\n';
}
