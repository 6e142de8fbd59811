// An entry is added to an mbox that is open and locked. Promises: it counts when it is on stable storage; of one that fails, nothing is left; what a
// crash has cut off does not swallow the next message.

import type { FileHandle } from 'node:fs/promises';
import type { HeldLock } from './file-lock.ts';

/** More than this came from elsewhere meanwhile: then nothing is cut off. */
const mostForeignBytes = 1024 * 1024;

/**
 * @param file - opened for reading and appending
 * @param pieces - the whole entry, with the line that begins it and the blank one that ends it
 * @throws {Error} of the system, or of `pieces`; the file is as it was then
 */
export async function appendEntry(
  file: FileHandle,
  pieces: AsyncIterable<Uint8Array>,
  lock: HeldLock,
): Promise<void> {
  const before = (await file.stat()).size;
  let size = before;
  try {
    if (before > 0 && !(await endsWithBlankLine(file, before))) {
      await file.writeFile('\n\n');
      size += 2;
    }
    for await (const piece of pieces) {
      await lock.renew();
      // All of it, or an error: write(2) takes a part where a disk is nearly full.
      await file.writeFile(piece);
      size += piece.length;
    }
    await file.datasync();
  } catch (error) {
    // Unless somebody else writes to it by now, or has done so.
    const { size: now } = await file.stat();
    if (now <= size + mostForeignBytes && now >= before && (await lock.isHeld())) await file.truncate(before);
    throw error;
  }
}

async function endsWithBlankLine(file: FileHandle, size: number): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, Math.max(0, size - 2));
  return buffer.toString('latin1', 0, bytesRead) === '\n\n';
}
