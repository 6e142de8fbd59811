// One open segment, append-only. A group of records is one write and one fdatasync; after a failure the file is never
// written or synced again: the kernel may have dropped the pages that it could not write.

import { randomInt } from 'node:crypto';
import { fdatasync, writeAll } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { indexPath, segmentPath, type SpoolLayout } from './layout.ts';
import { nextSegmentId } from './queue-id.ts';
import { maxGap, stampRecord } from './record.ts';
import { segmentHeaderBytes, encodeSegmentHeader } from './segment-header.ts';
import { IndexBuilder, writeIndex } from './segment-index.ts';
import { systemCode } from './spool-error.ts';

/** What the kernel writes at least, however little of it is new. */
const pageBytes = 4096;
const zeros = Buffer.alloc(pageBytes);

/** A record ready to be appended: its head is stamped when it is written. */
export interface NewRecord {
  readonly head: Buffer;
  readonly content: readonly Uint8Array[];
  /** Of head and content together. */
  readonly length: number;
}

export interface SegmentOptions {
  readonly slot: number;
  /** The process's first segment; 0 when this is it. */
  readonly epoch: number;
  readonly longLived: boolean;
  readonly sync: 'fdatasync' | 'none';
}

export class SegmentFile {
  readonly id: number;
  readonly epoch: number;
  readonly #files: FileLayer;
  readonly #layout: SpoolLayout;
  readonly #fd: number;
  readonly #tag: number;
  readonly #sync: boolean;
  readonly #index = new IndexBuilder();
  #length = segmentHeaderBytes;
  #commit = 0;
  /** Zero bytes at the end of `#length`. */
  #gap = 0;

  private constructor(
    files: FileLayer,
    layout: SpoolLayout,
    fd: number,
    id: number,
    tag: number,
    options: SegmentOptions,
  ) {
    this.id = id;
    this.epoch = options.epoch === 0 ? id : options.epoch;
    this.#files = files;
    this.#layout = layout;
    this.#fd = fd;
    this.#tag = tag;
    this.#sync = options.sync === 'fdatasync';
  }

  /** Creates a segment above `previous` of its slot; its directory entry is durable when this resolves. */
  static async create(
    files: FileLayer,
    layout: SpoolLayout,
    previous: number,
    nowMs: number,
    options: SegmentOptions,
  ): Promise<SegmentFile> {
    let id = previous;
    let fd = -1;
    for (let attempt = 0; fd < 0; attempt++) {
      id = nextSegmentId(id, nowMs, options.slot);
      try {
        fd = await files.open(segmentPath(layout, id), 'wx');
      } catch (error) {
        if (systemCode(error) !== 'EEXIST' || attempt === 16) throw error;
      }
    }
    try {
      const tag = randomInt(2 ** 32);
      const segment = new SegmentFile(files, layout, fd, id, tag, options);
      const unsynced = options.sync === 'none';
      const header = { id, epoch: segment.epoch, tag, longLived: options.longLived, unsynced };
      await writeAll(files, fd, [encodeSegmentHeader(header)], 0);
      if (!unsynced) await files.syncDirectory(layout.segments);
      return segment;
    } catch (error) {
      await files.close(fd).catch(() => undefined);
      // It would stay: the newest segment of a slot is never removed.
      await files.unlink(segmentPath(layout, id)).catch(() => undefined);
      throw error;
    }
  }

  /** Bytes so far, all acknowledged; zero bytes after the last record included. */
  get length(): number {
    return this.#length;
  }

  get records(): number {
    return this.#index.count;
  }

  /**
   * Writes and syncs a group of records; resolves when they are on stable storage, to the offset of the first.
   * One at a time. After a rejection call `abandon`.
   */
  async append(records: readonly NewRecord[]): Promise<number> {
    const start = this.#length;
    const buffers: Uint8Array[] = [];
    let length = 0;
    const commit = ++this.#commit;
    let gap = this.#gap;
    for (const record of records) {
      stampRecord(record.head, commit, this.#tag, gap);
      gap = 0;
      buffers.push(record.head);
      for (const piece of record.content) if (piece.length > 0) buffers.push(piece);
      length += record.length;
    }
    gap = this.#sync ? fillBytes(start + length, length) : 0;
    if (gap > 0) buffers.push(zeros.subarray(0, gap));
    await writeAll(this.#files, this.#fd, buffers, start);
    if (this.#sync) await fdatasync(this.#files, this.#fd);
    let offset = start;
    for (const record of records) {
      this.#index.add(offset, record.head);
      offset += record.length;
    }
    this.#length = start + length + gap;
    this.#gap = gap;
    return start;
  }

  /** No more records: writes the index and closes. A missing index is no loss. */
  seal(): Promise<void> {
    return this.#seal(false);
  }

  async #seal(durable: boolean): Promise<void> {
    try {
      const { length } = this;
      await writeIndex(
        this.#files,
        indexPath(this.#layout, this.id),
        this.#index.finish(this.id, length),
        durable,
      );
      if (durable) await this.#files.syncDirectory(this.#layout.segments);
    } catch {
      // Recovery walks the segment instead: one that is cut short would be taken for damage.
      await this.#files.unlink(indexPath(this.#layout, this.id)).catch(() => undefined);
    } finally {
      await this.#files.close(this.#fd).catch(() => undefined);
    }
  }

  /**
   * After a failed append: keeps what was acknowledged and tries to make sure that recovery finds nothing else, so
   * that a message whose sender was told to come again is not delivered from here as well.
   */
  async abandon(): Promise<void> {
    try {
      await this.#files.truncate(this.#fd, this.#length);
      await this.#syncLength();
    } catch {
      // The index says as much.
    }
    await this.#seal(true);
  }

  /**
   * The index alone would not do: it is removed before its segment, and a power cut between the two would bring the
   * failed records back. Nothing of them is wanted, so it does not matter which of their pages the kernel has dropped.
   */
  async #syncLength(): Promise<void> {
    const fd = await this.#files.open(segmentPath(this.#layout, this.id), 'r+');
    try {
      await fdatasync(this.#files, fd);
    } finally {
      await this.#files.close(fd);
    }
  }
}

/**
 * Zero bytes to write after a group that ends at `end`, so that the next one begins a page: else the page that they
 * share is written with both. They cost nothing, as the page is written whole, but room in the file: 0 if they would
 * be more than a quarter of the group. Left out instead of written they would save nothing: the kernel clears the
 * rest of the old page when a write begins beyond it.
 */
function fillBytes(end: number, groupBytes: number): number {
  const bytes = (pageBytes - (end % pageBytes)) % pageBytes;
  return bytes > maxGap || bytes * 4 > groupBytes ? 0 : bytes;
}
