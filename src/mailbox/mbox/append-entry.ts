// An entry is added to an mbox that is open and locked. Promises: it counts when it is on stable storage; of one that fails, nothing is left; what a
// crash has cut off does not swallow the next message, and is removed where the lock of the dead process tells of it.

import type { FileHandle } from 'node:fs/promises';
import type { HeldLock } from './file-lock.ts';
import { cutOff, type EntryHead, headOf } from './unfinished-entry.ts';

/** More than this came from elsewhere meanwhile: then nothing is cut off. */
const mostForeignBytes = 1024 * 1024;
const blankLine = Buffer.from('\n\n');

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
  if (lock.left !== undefined) await cutOff(file, lock.left);
  const { size: before, ino: inode } = await file.stat();
  let size = before;
  try {
    const isOpen = before > 0 && !(await endsWithBlankLine(file, before));
    let head: EntryHead | undefined;
    for await (const given of pieces) {
      const piece = isOpen && size === before ? Buffer.concat([blankLine, given]) : given;
      head ??= headOf(piece);
      await lock.renew();
      await lock.note({ inode, before, head, written: size, end: size + piece.length });
      // All of it, or an error: write(2) takes a part where a disk is nearly full.
      await file.writeFile(piece);
      size += piece.length;
    }
    await file.datasync();
    // Before anybody hears that the message is there.
    await lock.note(undefined);
  } catch (error) {
    // Unless somebody else writes to it by now, or has done so.
    const { size: now } = await file.stat();
    if (now <= size + mostForeignBytes && now >= before && (await lock.isHeld())) await file.truncate(before);
    await lock.note(undefined).catch(() => undefined);
    throw error;
  }
}

async function endsWithBlankLine(file: FileHandle, size: number): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, Math.max(0, size - 2));
  return buffer.toString('latin1', 0, bytesRead) === '\n\n';
}
