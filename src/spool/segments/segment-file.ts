// One open segment; records are only appended. A group of records is one write and one fdatasync. After a failure no record
// is appended any more, because the kernel may have dropped the pages that it could not write.

import { randomInt } from 'node:crypto';
import { fdatasync, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { indexPath, segmentPath, type SpoolLayout } from './layout.ts';
import { nextSegmentId } from '../queue-id.ts';
import { maxGapBytes, stampRecord } from './record.ts';
import { segmentHeaderBytes, encodeSegmentHeader } from './segment-header.ts';
import { IndexBuilder, writeIndex } from './segment-index.ts';
import { systemCode } from '../spool-error.ts';

/** The kernel writes whole pages, even if few of their bytes are new. */
const pageBytes = 4096;
const zeros = Buffer.alloc(pageBytes);

/** A record to be appended. Its head is completed when it is written (`stampRecord`). */
export interface NewRecord {
  readonly head: Buffer;
  /** Header fields that stand before the content. */
  readonly prefix?: Uint8Array | undefined;
  readonly content: readonly Uint8Array[];
  /** Bytes of all of it. */
  readonly length: number;
}

export interface SegmentOptions {
  readonly slot: number;
  readonly lane?: number | undefined;
  /** Id of the first segment of this process; 0 when this is the first one. */
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
  #commitNumber = 0;
  /** Zero bytes after the last record; `#length` includes them. */
  #gapBytes = 0;

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

  /** Creates a segment with an id above `previous`. Its directory entry is on stable storage when this resolves. */
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
      id = nextSegmentId(id, nowMs, options.slot, options.lane);
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
      // Otherwise the empty file would stay, because the newest segment of a slot is never removed.
      await files.unlink(segmentPath(layout, id)).catch(() => undefined);
      throw error;
    }
  }

  /** Length in bytes: header, acknowledged records, and the gap after the last record. */
  get length(): number {
    return this.#length;
  }

  get records(): number {
    return this.#index.count;
  }

  /**
   * Writes and syncs a group of records; resolves to the offset of the first when all are on stable storage. Only one call
   * may run at a time. After a rejection call `abandon`.
   */
  async append(records: readonly NewRecord[]): Promise<number> {
    const start = this.#length;
    const buffers: Uint8Array[] = [];
    let length = 0;
    const commit = ++this.#commitNumber;
    let gapBytes = this.#gapBytes;
    for (const record of records) {
      stampRecord(record.head, commit, this.#tag, gapBytes);
      gapBytes = 0;
      buffers.push(record.head);
      if (record.prefix !== undefined && record.prefix.length > 0) buffers.push(record.prefix);
      for (const piece of record.content) if (piece.length > 0) buffers.push(piece);
      length += record.length;
    }
    gapBytes = this.#sync ? gapBytesAfter(start + length, length) : 0;
    if (gapBytes > 0) buffers.push(zeros.subarray(0, gapBytes));
    await writeAll(this.#files, this.#fd, buffers, start);
    if (this.#sync) await fdatasync(this.#files, this.#fd);
    let offset = start;
    for (const record of records) {
      this.#index.add(offset, record.head);
      offset += record.length;
    }
    this.#length = start + length + gapBytes;
    this.#gapBytes = gapBytes;
    return start;
  }

  /** Writes the index and closes the file. Never throws: without an index, recovery reads the segment. */
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
      // An incomplete index would count as damage. Without an index, recovery reads the segment.
      await this.#files.unlink(indexPath(this.#layout, this.id)).catch(() => undefined);
    } finally {
      await this.#files.close(this.#fd).catch(() => undefined);
    }
  }

  /**
   * Closes the file after a failed append. Keeps the acknowledged records, and tries to ensure that recovery finds no other:
   * the client sends a refused message again, so its record here would deliver it twice.
   */
  async abandon(): Promise<void> {
    try {
      await this.#files.truncate(this.#fd, this.#length);
      await this.#syncLength();
    } catch {
      // The index tells the length of the acknowledged records.
    }
    await this.#seal(true);
  }

  /**
   * Syncs the shorter length of the file. The index alone is not enough: it is removed before its segment, and a power cut
   * between the two removals would bring the failed records back. The sync runs on a new descriptor; it does not matter
   * which pages of the failed records the kernel has dropped, because they are cut off.
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
 * Number of zero bytes to write after a group that ends at `end`, so that the next group begins at a page boundary.
 * Otherwise the page that both share is written twice. The zero bytes cost only room in the file, since the kernel writes
 * the whole page anyway; 0 if they were more than a quarter of the group. Seeking over them instead saves nothing: the
 * kernel clears the rest of the old page when a write begins after it.
 */
function gapBytesAfter(end: number, groupBytes: number): number {
  const bytes = (pageBytes - (end % pageBytes)) % pageBytes;
  return bytes > maxGapBytes || bytes * 4 > groupBytes ? 0 : bytes;
}
