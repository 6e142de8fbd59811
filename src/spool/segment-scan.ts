// What a segment holds, found by its index or, without one, by walking from header to header. Content is skipped,
// except that of the last commit of a segment that was not sealed: only that one can be torn.

import { crc32 } from 'node:zlib';
import { fdatasync, readUpTo } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { indexPath, segmentPath, type SpoolLayout } from './layout.ts';
import { segmentName } from './queue-id.ts';
import {
  HEADER_BYTES,
  MAX_GAP,
  RECORD_MAGIC,
  gapUnits,
  headLengthAt,
  parseHead,
  type RecordHead,
} from './record.ts';
import { SEGMENT_HEADER_BYTES, parseSegmentHeader, type SegmentHeader } from './segment-header.ts';
import { readIndex, type FoundRecord } from './segment-index.ts';
import { systemCode } from './spool-error.ts';
import type { SpoolProblem } from './types.ts';

const WINDOW_BYTES = 256 * 1024;
const ALIGNMENT = 8;

export interface SegmentContents {
  /** In order of offset. */
  readonly records: readonly FoundRecord[];
  /** Size of the file in bytes. */
  readonly length: number;
  /** It had a good index: its writer closed it. */
  readonly sealed: boolean;
  readonly header: SegmentHeader | undefined;
}

export interface SegmentSource {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  readonly report: (problem: SpoolProblem) => void;
  /** Syncs a segment that was not sealed before it is read. */
  readonly sync: boolean;
}

/** Undefined when the segment is gone. Damage is reported, never thrown. */
export async function readSegment(source: SegmentSource, id: number): Promise<SegmentContents | undefined> {
  const { files, layout, report } = source;
  let fd: number;
  try {
    fd = await files.open(segmentPath(layout, id), 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const walk = new SegmentWalk(files, fd, await files.size(fd), id, report);
    const header = await walk.header();
    const index = await indexOf(files, layout, id, walk.length, report);
    if (index !== undefined) return { records: index, length: walk.length, sealed: true, header };
    if (source.sync) await fdatasync(files, fd);
    return { records: await walk.records(), length: walk.length, sealed: false, header };
  } finally {
    await files.close(fd);
  }
}

async function indexOf(
  files: FileLayer,
  layout: SpoolLayout,
  id: number,
  length: number,
  report: (problem: SpoolProblem) => void,
): Promise<FoundRecord[] | undefined> {
  try {
    const index = await readIndex(files, indexPath(layout, id), id);
    if (index !== undefined && index.sealedLength <= length) return index.records;
    report({
      kind: 'index',
      place: segmentName(id),
      text: 'the index is damaged; it was rebuilt from the segment',
    });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  return undefined;
}

/** The header of a segment; undefined when segment or header is gone. */
export async function readSegmentHeader(
  files: FileLayer,
  layout: SpoolLayout,
  id: number,
): Promise<SegmentHeader | undefined> {
  try {
    const fd = await files.open(segmentPath(layout, id), 'r');
    try {
      return await new SegmentWalk(files, fd, SEGMENT_HEADER_BYTES, id, () => undefined).header();
    } finally {
      await files.close(fd);
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

class SegmentWalk {
  readonly length: number;
  readonly #files: FileLayer;
  readonly #fd: number;
  readonly #id: number;
  readonly #report: (problem: SpoolProblem) => void;
  #window = Buffer.alloc(0);
  #windowAt = 0;
  #header: SegmentHeader | undefined;
  #tag: number | undefined;

  constructor(
    files: FileLayer,
    fd: number,
    length: number,
    id: number,
    report: (problem: SpoolProblem) => void,
  ) {
    this.#files = files;
    this.#fd = fd;
    this.length = length;
    this.#id = id;
    this.#report = report;
  }

  async header(): Promise<SegmentHeader | undefined> {
    const at = await this.#load(0, SEGMENT_HEADER_BYTES);
    const header =
      at < 0 ? undefined : parseSegmentHeader(this.#window.subarray(at, at + SEGMENT_HEADER_BYTES));
    this.#header = header?.id === this.#id ? header : undefined;
    this.#tag = this.#header?.tag;
    return this.#header;
  }

  async records(): Promise<FoundRecord[]> {
    const records: FoundRecord[] = [];
    let offset = SEGMENT_HEADER_BYTES;
    while (offset < this.length) {
      const found = await this.#recordAt(offset);
      if (found !== undefined) {
        records.push(found);
        offset += found.head.length;
        continue;
      }
      const next = await this.#search(offset + ALIGNMENT);
      // The tail is torn, or still being written: nothing in it was acknowledged.
      if (next < 0) break;
      if (!(await this.#isGap(offset, next))) {
        this.#problem(
          `bytes ${offset} to ${next} are not a record: damaged, or left by a crash; they were skipped`,
        );
      }
      offset = next;
    }
    return this.#withoutTorn(records);
  }

  async #withoutTorn(records: FoundRecord[]): Promise<FoundRecord[]> {
    const last = records.at(-1)?.head.commit;
    const suspectAll = this.#header?.unsynced === true;
    const good: FoundRecord[] = [];
    for (const record of records) {
      const suspect = suspectAll || record.head.commit === last;
      if (!suspect || (await contentHolds(this.#files, this.#fd, record.offset, record.head)))
        good.push(record);
      else
        this.#problem(
          `the record at byte ${record.offset} was cut short by a crash before it was acknowledged`,
        );
    }
    return good;
  }

  #problem(text: string): void {
    this.#report({ kind: 'segment', place: segmentName(this.#id), text });
  }

  async #recordAt(offset: number): Promise<FoundRecord | undefined> {
    let at = await this.#load(offset, HEADER_BYTES);
    if (at < 0) return undefined;
    const needed = headLengthAt(this.#window, at);
    if (needed === 0) return undefined;
    at = await this.#load(offset, needed);
    if (at < 0) return undefined;
    const head = parseHead(this.#window, at);
    if (head === undefined || offset + head.length > this.length) return undefined;
    // Without the segment's header the first record has to tell the tag.
    if (this.#tag === undefined && offset === SEGMENT_HEADER_BYTES) this.#tag = head.tag;
    if (head.tag !== this.#tag) return undefined;
    return { offset, head, bytes: Buffer.from(this.#window.subarray(at, at + needed)), at: 0 };
  }

  /** The offset of the next good record from `offset`; -1 if there is none. */
  async #search(offset: number): Promise<number> {
    let from = offset;
    while (from + HEADER_BYTES <= this.length) {
      const at = await this.#load(from, HEADER_BYTES);
      if (at < 0) return -1;
      const hit = this.#window.indexOf(RECORD_MAGIC, at);
      if (hit < 0) {
        from = aligned(this.#windowAt + this.#window.length - RECORD_MAGIC.length + 1);
        continue;
      }
      const candidate = this.#windowAt + hit;
      if (candidate % ALIGNMENT === 0 && (await this.#recordAt(candidate)) !== undefined) return candidate;
      from = candidate + 1;
    }
    return -1;
  }

  /** Whether the writer left these bytes: the record after them tells how many, so that a lost record shows. */
  async #isGap(offset: number, next: number): Promise<boolean> {
    const count = next - offset;
    if (count > MAX_GAP || (await this.#recordAt(next))?.head.gap !== gapUnits(count)) return false;
    const at = await this.#load(offset, count);
    return at >= 0 && this.#window.subarray(at, at + count).every((byte) => byte === 0);
  }

  /** Brings `count` bytes from `offset` into the window; their position in it, or -1 if the file is shorter. */
  async #load(offset: number, count: number): Promise<number> {
    if (offset + count > this.length) return -1;
    const at = offset - this.#windowAt;
    if (at >= 0 && at + count <= this.#window.length) return at;
    const window = Buffer.allocUnsafe(Math.min(Math.max(WINDOW_BYTES, count), this.length - offset));
    const got = await readUpTo(this.#files, this.#fd, window, window.length, offset);
    this.#window = window.subarray(0, got);
    this.#windowAt = offset;
    return got < count ? -1 : 0;
  }
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}

/** Reads the content of a record and checks it; true for a large message, whose record holds none. */
export async function contentHolds(
  files: FileLayer,
  fd: number,
  offset: number,
  head: RecordHead,
): Promise<boolean> {
  if (head.contentLength === 0) return head.sizeBytes > 0 || head.contentCrc === 0;
  const content = Buffer.allocUnsafe(head.contentLength);
  const start = offset + HEADER_BYTES + head.envelopeLength;
  const got = await readUpTo(files, fd, content, content.length, start);
  return got === content.length && crc32(content) === head.contentCrc;
}
