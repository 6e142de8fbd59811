// One journal file that is written. Frames go into room that was allocated before they were there: zero bytes, written
// and synced, so that neither another program nor a quota can take it away from outcomes.

import { randomInt } from 'node:crypto';
import { fdatasync, readUpTo, writeAll } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { EntryBuffer, flagHasHolds, frameComplete, encodeJournalHeader } from './journal-entries.ts';
import { journalPath, type SpoolLayout } from './layout.ts';
import { isWithoutRoom } from './spool-error.ts';

const pieceBytes = 256 * 1024;
const zeros = Buffer.alloc(pieceBytes);

/** Where the frames of a journal file of before end, as its reader has found. */
export interface JournalEnd {
  readonly number: number;
  readonly tag: number;
  /** After the last frame. */
  readonly end: number;
}

export class JournalFile {
  readonly number: number;
  readonly tag: number;
  readonly #files: FileLayer;
  readonly #fd: number;
  #length: number;
  #synced: number;
  #allocated: number;

  private constructor(files: FileLayer, fd: number, end: JournalEnd, synced: number, allocated: number) {
    this.number = end.number;
    this.tag = end.tag;
    this.#files = files;
    this.#fd = fd;
    this.#length = end.end;
    this.#synced = synced;
    this.#allocated = allocated;
  }

  /**
   * Makes a file with room for so many bytes of frames; file and room are on stable storage when this resolves. Without
   * that room there is no file.
   * @param isFirst - there was no journal before: from its beginning on, this file tells the whole state by itself
   */
  static async create(
    files: FileLayer,
    layout: SpoolLayout,
    number: number,
    roomBytes: number,
    isFirst: boolean,
  ): Promise<JournalFile> {
    const tag = randomInt(2 ** 32);
    const path = journalPath(layout, number);
    const fd = await files.open(path, 'wx');
    try {
      const header = encodeJournalHeader(number, tag, flagHasHolds);
      const beginning = isFirst
        ? Buffer.concat([header, new EntryBuffer().take(frameComplete, tag, 0)])
        : header;
      await writeAll(files, fd, [beginning], 0);
      const end = { number, tag, end: beginning.length };
      const file = new JournalFile(files, fd, end, 0, beginning.length);
      await file.allocate(roomBytes);
      await file.sync();
      await files.syncDirectory(layout.journal);
      return file;
    } catch (error) {
      await files.close(fd).catch(() => undefined);
      await files.unlink(path).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Goes on in a file of before. Its frames are written again as they are: after a sync that failed, the kernel no longer
   * knows that they are not on the disk. What stands after them is made zeros: a frame that a crash has torn off from the
   * others must not be found behind new ones.
   */
  static async reopen(files: FileLayer, layout: SpoolLayout, end: JournalEnd): Promise<JournalFile> {
    const fd = await files.open(journalPath(layout, end.number), 'r+');
    try {
      await rewrite(files, fd, end.end);
      const allocated = await clear(files, fd, end.end);
      await fdatasync(files, fd);
      return new JournalFile(files, fd, end, end.end, allocated);
    } catch (error) {
      await files.close(fd).catch(() => undefined);
      throw error;
    }
  }

  /** Bytes up to the end of the last frame. */
  get length(): number {
    return this.#length;
  }

  /** Bytes on stable storage, room aside. */
  get synced(): number {
    return this.#synced;
  }

  /** Bytes that frames may still take without need for more of the disk. */
  get room(): number {
    return this.#allocated - this.#length;
  }

  /** Writes a frame behind the last one. After a rejection it may be written again: to the same place. */
  async write(frame: Uint8Array): Promise<void> {
    await writeAll(this.#files, this.#fd, [frame], this.#length);
    this.#length += frame.length;
    if (this.#length > this.#allocated) this.#allocated = this.#length;
  }

  /** After a rejection the file must not be written or synced again: the kernel may have dropped what it could not write. */
  async sync(): Promise<void> {
    const length = this.#length;
    await fdatasync(this.#files, this.#fd);
    this.#synced = length;
  }

  /**
   * Sees to it that there is room for so many bytes; call `sync` next, since a file system may promise more than it has
   * until it is made to write. What could be had before a rejection is kept.
   */
  async allocate(roomBytes: number): Promise<void> {
    const wanted = this.#length + roomBytes;
    if (wanted <= this.#allocated) return;
    while (this.#allocated < wanted) {
      const piece = zeros.subarray(0, Math.min(pieceBytes, wanted - this.#allocated));
      await writeAll(this.#files, this.#fd, [piece], this.#allocated);
      this.#allocated += piece.length;
    }
  }

  close(): Promise<void> {
    return this.#files.close(this.#fd);
  }
}

async function rewrite(files: FileLayer, fd: number, end: number): Promise<void> {
  const bytes = Buffer.allocUnsafe(pieceBytes);
  for (let at = 0; at < end; at += pieceBytes) {
    const length = await readUpTo(files, fd, bytes, Math.min(pieceBytes, end - at), at);
    await writeAll(files, fd, [bytes.subarray(0, length)], at);
  }
}

/**
 * Writes zeros from `start` to the end of the file, which takes no room where there is some. Returns how far there is: a
 * crash can leave a file that is longer than what the disk holds of it.
 */
async function clear(files: FileLayer, fd: number, start: number): Promise<number> {
  const size = await files.size(fd);
  for (let at = start; at < size; at += pieceBytes) {
    try {
      await writeAll(files, fd, [zeros.subarray(0, Math.min(pieceBytes, size - at))], at);
    } catch (error) {
      if (!isWithoutRoom(error)) throw error;
      await files.truncate(fd, at);
      return at;
    }
  }
  return size;
}
