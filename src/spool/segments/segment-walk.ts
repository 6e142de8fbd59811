// Finds the records of a segment without its index, by stepping from header to header. Contents are skipped, except those
// of the last commit: only this one can have been cut short by a crash. Damaged ranges are reported, and searched for
// records of which the header can still be read.

import { crc32 } from 'node:zlib';
import { readUpTo } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { segmentName } from '../queue-id.ts';
import {
  headerBytes,
  maxGapBytes,
  recordMagic,
  uncheckedHead,
  gapUnits,
  headLengthAt,
  headQueueId,
  parseHead,
  storedCrcOf,
  tagAt,
} from './record.ts';
import { segmentHeaderBytes, parseSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { FoundRecord } from './segment-index.ts';
import type { SpoolProblem } from '../types.ts';

/**
 * More than any segment has: `queue.segment_size` is at most half of it, and no record has more than 2 GiB. In a longer file
 * nothing is searched, because whoever has made it could make the search last for days.
 */
export const maxSegmentBytes = 8 * 1024 ** 3;
const windowBytes = 256 * 1024;
const zeros = Buffer.alloc(windowBytes);
const alignment = 8;
/** Most damaged records that are collected in one damaged range. */
const maxDamagedRecords = 100_000;

const headDamage = { kind: 'content', why: 'its header or envelope is damaged' } as const;

/** A range of bytes that is neither an intact record nor a gap. */
interface DamagedRange {
  readonly from: number;
  readonly to: number;
  readonly damagedRecords: readonly FoundRecord[];
}

export interface WalkResult {
  /** Intact and damaged records, sorted by offset. */
  readonly records: FoundRecord[];
  /** True if an acknowledged message may be damaged. */
  readonly isDamaged: boolean;
}

export class SegmentWalk {
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

  /** Reads the header of the segment; undefined when it is damaged. */
  async header(): Promise<SegmentHeader | undefined> {
    const at = await this.#load(0, segmentHeaderBytes);
    const header =
      at < 0 ? undefined : parseSegmentHeader(this.#window.subarray(at, at + segmentHeaderBytes));
    this.#header = header?.id === this.#id ? header : undefined;
    this.#tag = this.#header?.tag;
    return this.#header;
  }

  /** Reads all records. Call `header` first. */
  async records(): Promise<WalkResult> {
    const good: FoundRecord[] = [];
    const ranges: DamagedRange[] = [];
    let offset = segmentHeaderBytes;
    while (offset < this.length) {
      const found = await this.#recordAt(offset);
      if (found !== undefined) {
        good.push(found);
        offset += found.head.length;
        continue;
      }
      if (this.length > maxSegmentBytes) break;
      const next = await this.#search(offset + alignment);
      const end = next < 0 ? this.length : next;
      if (next < 0 ? !(await this.#isZero(offset, end)) : !(await this.#isGap(offset, next))) {
        ranges.push({ from: offset, to: end, damagedRecords: await this.#damagedRecords(offset, end) });
      }
      offset = end;
    }
    return this.#classify(good, ranges);
  }

  /**
   * Decides which ranges are torn and which are damaged. Only the last commit of an unsealed segment can be torn by a crash,
   * and its messages were not acknowledged. Everything else is damage.
   */
  async #classify(found: readonly FoundRecord[], ranges: readonly DamagedRange[]): Promise<WalkResult> {
    const last = found.at(-1);
    const lastCommit = last?.head.commit ?? 0;
    const records: FoundRecord[] = [];
    let isDamaged = false;
    for (const { from, to, damagedRecords } of ranges) {
      const damaged = damagedRecords.filter(({ head }) => head.commit < lastCommit);
      const follower = found.find(({ offset }) => offset >= to);
      // A gap is on stable storage before the next commit begins, so it cannot be torn.
      const isGap = to - from <= maxGapBytes && follower?.head.gap === gapUnits(to - from);
      const isLate = follower === undefined || follower.head.commit === lastCommit;
      const isTorn = damaged.length === 0 && isLate && !isGap;
      if (isTorn) this.#reportTorn(`bytes ${from} to ${to} are not a record`, damagedRecords);
      else {
        this.#reportProblem('segment', `bytes ${from} to ${to} are damaged: no record can be read there`);
        isDamaged = true;
        records.push(...damaged);
      }
    }
    for (const record of found) {
      const isSuspect = this.#header?.unsynced === true || record.head.commit === lastCommit;
      if (!isSuspect || (await isContentIntact(this.#files, this.#fd, record))) {
        records.push(record);
      } else this.#reportTorn(`the record at byte ${record.offset} is not whole`, [record]);
    }
    records.sort((a, b) => a.offset - b.offset);
    return { records, isDamaged };
  }

  #reportTorn(what: string, damagedRecords: readonly FoundRecord[]): void {
    const ids = damagedRecords.slice(0, 10).map(({ head }) => headQueueId(head));
    const which = ids.length === 0 ? '' : ` (message ${ids.join(', ')})`;
    this.#reportProblem(
      'torn',
      `${what}${which}: it was cut short by a crash before it was acknowledged, or it is damaged; it is left out`,
    );
  }

  #reportProblem(kind: SpoolProblem['kind'], text: string): void {
    this.#report({ kind, place: segmentName(this.#id), text });
  }

  /** Records with a damaged head that still tells where the record ends. */
  async #damagedRecords(from: number, to: number): Promise<FoundRecord[]> {
    const damagedRecords: FoundRecord[] = [];
    for (
      let offset = from;
      offset >= 0 && offset + headerBytes <= to && damagedRecords.length < maxDamagedRecords;
    ) {
      const record = await this.#damagedRecordAt(offset, to);
      if (record === undefined) offset = await this.#magicFrom(offset + alignment);
      else {
        damagedRecords.push(record);
        offset += record.head.length;
      }
    }
    return damagedRecords;
  }

  async #damagedRecordAt(offset: number, to: number): Promise<FoundRecord | undefined> {
    let at = await this.#load(offset, headerBytes);
    const head = at < 0 ? undefined : uncheckedHead(this.#window, at);
    // The tag is secret, so a forged record in the text of a mail does not have it.
    if (head === undefined || head.tag !== this.#tag || offset + head.length > to) return undefined;
    const headBytes = headerBytes + head.envelopeLength;
    at = await this.#load(offset, headBytes);
    if (at < 0) return undefined;
    const bytes = Buffer.from(this.#window.subarray(at, at + headBytes));
    return { offset, head, bytes, at: 0, damage: headDamage };
  }

  /** Offset at or after `offset` where the next record may begin; -1 if there is none. */
  async #magicFrom(offset: number): Promise<number> {
    let from = offset;
    while (from + headerBytes <= this.length) {
      const at = await this.#load(from, headerBytes);
      if (at < 0) return -1;
      const hit = this.#window.indexOf(recordMagic, at);
      const candidate = this.#windowAt + hit;
      if (hit !== -1 && candidate % alignment === 0) return candidate;
      from =
        hit !== -1 ? candidate + 1 : aligned(this.#windowAt + this.#window.length - recordMagic.length + 1);
    }
    return -1;
  }

  async #recordAt(offset: number): Promise<FoundRecord | undefined> {
    let at = await this.#load(offset, headerBytes);
    if (at < 0) return undefined;
    // The tag comes first: it is secret, and to verify a forged head that says it has 256 MiB would take long.
    const isFirst = this.#tag === undefined && offset === segmentHeaderBytes;
    if (!isFirst && tagAt(this.#window, at) !== this.#tag) return undefined;
    const needed = headLengthAt(this.#window, at);
    if (needed === 0) return undefined;
    at = await this.#load(offset, needed);
    if (at < 0) return undefined;
    const head = parseHead(this.#window, at);
    if (head === undefined || offset + head.length > this.length) return undefined;
    // If the segment's header is damaged, the tag of the first record is used.
    if (isFirst) this.#tag = head.tag;
    return { offset, head, bytes: Buffer.from(this.#window.subarray(at, at + needed)), at: 0 };
  }

  /** Offset of the next intact record at or after `offset`; -1 if there is none. */
  async #search(offset: number): Promise<number> {
    let candidate = await this.#magicFrom(offset);
    while (candidate >= 0 && (await this.#recordAt(candidate)) === undefined) {
      candidate = await this.#magicFrom(candidate + alignment);
    }
    return candidate;
  }

  /** True if the writer left these zero bytes. The next record tells the length of the gap, so a lost record is noticed. */
  async #isGap(offset: number, next: number): Promise<boolean> {
    const count = next - offset;
    if (count > maxGapBytes || (await this.#recordAt(next))?.head.gap !== gapUnits(count)) return false;
    return this.#isZero(offset, next);
  }

  async #isZero(from: number, to: number): Promise<boolean> {
    for (let offset = from; offset < to; offset += windowBytes) {
      const count = Math.min(windowBytes, to - offset);
      const at = await this.#load(offset, count);
      if (at < 0 || !this.#window.subarray(at, at + count).equals(zeros.subarray(0, count))) return false;
    }
    return true;
  }

  /** Loads `count` bytes from `offset` into the window. Returns their position in it; -1 if the file is shorter. */
  async #load(offset: number, count: number): Promise<number> {
    if (offset + count > this.length) return -1;
    const at = offset - this.#windowAt;
    if (at >= 0 && at + count <= this.#window.length) return at;
    const window = Buffer.allocUnsafe(Math.min(Math.max(windowBytes, count), this.length - offset));
    const got = await readUpTo(this.#files, this.#fd, window, window.length, offset);
    this.#window = window.subarray(0, got);
    this.#windowAt = offset;
    return got < count ? -1 : 0;
  }
}

function aligned(offset: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** Reads the content of a record, or the prefix of a large message, and verifies its checksum. */
export async function isContentIntact(
  files: FileLayer,
  fd: number,
  { at, bytes, head, offset }: FoundRecord,
): Promise<boolean> {
  const content = Buffer.allocUnsafe(head.contentLength);
  const start = offset + headerBytes + head.envelopeLength;
  const got = await readUpTo(files, fd, content, content.length, start);
  return got === content.length && crc32(content) === storedCrcOf(bytes, at, head);
}
