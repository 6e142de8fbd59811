// One journal file that is being written. Room for frames is allocated ahead: zero bytes are written and synced, so that
// neither another program nor a quota can take the room that outcomes need.

import { randomInt } from 'node:crypto';
import { fdatasync, readUpTo, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { EntryBuffer, flagHasHolds, frameSnapshotEnd, encodeJournalHeader } from './journal-entries.ts';
import { journalPath, type SpoolLayout } from './layout.ts';
import { isDiskFullOrReadOnly } from '../spool-error.ts';

const pieceBytes = 256 * 1024;
const zeros = Buffer.alloc(pieceBytes);

/** Where the frames of an existing journal file end. */
export interface JournalEnd {
  readonly number: number;
  readonly tag: number;
  /** Offset of the byte after the last frame. */
  readonly end: number;
}

/** A position in the journal: everything before it is on stable storage. */
export interface JournalMark {
  /** Number of the file that is being written; 0 when there is none. */
  readonly number: number;
  /** Bytes of this file that are on stable storage, up to the end of a frame. */
  readonly bytes: number;
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
   * Makes a file with room for `roomBytes` bytes of frames. File and room are on stable storage when this resolves. If
   * there is not enough room, the file is removed again.
   * @param isFirst - there was no journal before, so this file has the whole state from its beginning
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
        ? Buffer.concat([header, new EntryBuffer().take(frameSnapshotEnd, tag, 0)])
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
   * Opens an existing file to append frames. Its frames are rewritten unchanged, because after a failed sync the kernel may
   * have dropped them without writing them. The bytes after them become zeros, so that a frame which a crash has separated
   * from the others is not found behind new frames.
   */
  static async reopen(files: FileLayer, layout: SpoolLayout, end: JournalEnd): Promise<JournalFile> {
    const fd = await files.open(journalPath(layout, end.number), 'r+');
    try {
      await rewrite(files, fd, end.end);
      const allocated = await fillWithZeros(files, fd, end.end);
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

  /** Bytes of header and frames that are on stable storage. */
  get syncedBytes(): number {
    return this.#synced;
  }

  /** Allocated bytes that frames can still use. */
  get roomBytes(): number {
    return this.#allocated - this.#length;
  }

  /** Appends a frame. After a rejection the same frame may be written again, to the same place. */
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
   * Makes room for `roomBytes` bytes of frames. Call `sync` next: a file system may accept more than it has until it must
   * write. After a rejection, the part that could be allocated stays.
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

/** Reads the bytes before `end` and writes them again. */
async function rewrite(files: FileLayer, fd: number, end: number): Promise<void> {
  const bytes = Buffer.allocUnsafe(pieceBytes);
  for (let at = 0; at < end; at += pieceBytes) {
    const length = await readUpTo(files, fd, bytes, Math.min(pieceBytes, end - at), at);
    await writeAll(files, fd, [bytes.subarray(0, length)], at);
  }
}

/**
 * Writes zeros from `start` to the end of the file. Where the file has blocks on the disk, this needs no new room. A crash
 * can leave a file that is longer than its blocks; if there is no room for the rest, the file is cut.
 * @returns the length of the file
 */
async function fillWithZeros(files: FileLayer, fd: number, start: number): Promise<number> {
  const size = await files.size(fd);
  for (let at = start; at < size; at += pieceBytes) {
    try {
      await writeAll(files, fd, [zeros.subarray(0, Math.min(pieceBytes, size - at))], at);
    } catch (error) {
      if (!isDiskFullOrReadOnly(error)) throw error;
      await files.truncate(fd, at);
      return at;
    }
  }
  return size;
}
