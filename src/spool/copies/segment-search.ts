// Finds every whole record of a damaged segment: head and content are verified, whatever stands around them. Where a content
// is damaged, the search goes on inside it, because blocks may have changed places. What is left over is told as lost ranges.
//
// A message may contain anything, also records. With the segment's tag they are told from real ones. Without it, what is found
// may be forged: then the search is bounded, because whoever has forged it could make it last.

import { crc32 } from 'node:zlib';
import { readUpTo } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import {
  gapUnits,
  headerBytes,
  headLengthAt,
  maxGapBytes,
  parseHead,
  recordMagic,
  storedCrcOf,
  tagAt,
  uncheckedHead,
} from '../segments/record.ts';
import { segmentHeaderBytes } from '../segments/segment-header.ts';
import type { FoundRecord } from '../segments/segment-index.ts';

const alignment = 8;
const windowBytes = 256 * 1024;
/** Longest header and envelope that are believed without a tag: those of some hundred recipients. */
const maxUncertainHead = 16 * 1024;
/** Most heads that are told of one lost range. */
const maxHeads = 10_000;

/** A range of bytes that is no whole record. */
export interface LostRange {
  readonly kind: 'lost';
  readonly from: number;
  readonly to: number;
  /** What can be recognized in it: heads of records; their contents, or they themselves, are damaged. */
  readonly heads: readonly FoundRecord[];
}

export type SearchResult = { readonly kind: 'whole'; readonly record: FoundRecord } | LostRange;

export class SegmentSearch {
  readonly #files: FileLayer;
  readonly #fd: number;
  readonly #length: number;
  readonly #tag: number | undefined;
  /** Bytes that may still be verified; without a tag only. */
  #budget: number;
  #window = Buffer.alloc(0);
  #windowAt = 0;

  /** @param tag - of the segment; undefined: records with any tag are found */
  constructor(files: FileLayer, fd: number, length: number, tag: number | undefined) {
    this.#files = files;
    this.#fd = fd;
    this.#length = length;
    this.#tag = tag;
    this.#budget = tag === undefined ? 64 * length + 256 * 1024 * 1024 : Infinity;
  }

  /** The search without a tag has ended before the end of the file. */
  get isExhausted(): boolean {
    return this.#budget < maxUncertainHead;
  }

  /** In the order of the file. */
  async *results(): AsyncGenerator<SearchResult> {
    let lostFrom = -1;
    let heads: FoundRecord[] = [];
    let offset = segmentHeaderBytes;
    while (offset < this.#length) {
      const found = await this.#headAt(offset);
      if (found !== undefined && (await this.#isContentWhole(found))) {
        if (lostFrom >= 0 && !(await this.#isGap(lostFrom, offset, found))) {
          yield { kind: 'lost', from: lostFrom, to: offset, heads };
        }
        yield { kind: 'whole', record: found };
        offset += found.head.length;
        lostFrom = -1;
        heads = [];
        continue;
      }
      if (lostFrom < 0) lostFrom = offset;
      const head = found ?? (await this.#damagedHeadAt(offset));
      if (head !== undefined && heads.length < maxHeads) heads.push(head);
      offset = await this.#nextMagic(offset + alignment);
    }
    if (lostFrom >= 0 && !(await this.#isZero(lostFrom, this.#length))) {
      yield { kind: 'lost', from: lostFrom, to: this.#length, heads };
    }
  }

  /** The record at this offset, if its head is whole and has the tag. */
  async #headAt(offset: number): Promise<FoundRecord | undefined> {
    let at = await this.#load(offset, headerBytes);
    // The tag comes first: a head may say that it has 256 MiB, and reading that costs more than whoever forged it.
    if (at < 0 || !this.#hasTag(at)) return undefined;
    const needed = headLengthAt(this.#window, at);
    if (needed === 0 || offset + needed > this.#length || !this.#mayVerify(needed)) return undefined;
    at = await this.#load(offset, needed);
    const head = at < 0 ? undefined : parseHead(this.#window, at);
    if (head === undefined || offset + head.length > this.#length) return undefined;
    return { offset, head, bytes: Buffer.from(this.#window.subarray(at, at + needed)), at: 0 };
  }

  #hasTag(at: number): boolean {
    return this.#tag === undefined || tagAt(this.#window, at) === this.#tag;
  }

  /** Without the tag, only heads of usual length are verified: forged ones that pretend to be long would use up all time. */
  #mayVerify(headLength: number): boolean {
    return this.#tag !== undefined || (headLength <= maxUncertainHead && this.#pay(headLength));
  }

  #pay(bytes: number): boolean {
    if (bytes > this.#budget) return false;
    this.#budget -= bytes;
    return true;
  }

  /** A head that is damaged and has the tag: for people, who want to know what was there. */
  async #damagedHeadAt(offset: number): Promise<FoundRecord | undefined> {
    if (this.#tag === undefined) return undefined;
    let at = await this.#load(offset, headerBytes);
    if (at < 0 || !this.#hasTag(at)) return undefined;
    const head = uncheckedHead(this.#window, at);
    if (head === undefined || offset + head.length > this.#length) return undefined;
    const bytes = headerBytes + head.envelopeLength;
    at = await this.#load(offset, bytes);
    return at < 0
      ? undefined
      : { offset, head, bytes: Buffer.from(this.#window.subarray(at, at + bytes)), at: 0 };
  }

  async #isContentWhole(found: FoundRecord): Promise<boolean> {
    return this.#pay(found.head.contentLength) && (await isContentWhole(this.#files, this.#fd, found));
  }

  /** The writer leaves zeros before a commit, and its first record tells how many. */
  async #isGap(from: number, to: number, next: FoundRecord): Promise<boolean> {
    const count = to - from;
    return count <= maxGapBytes && next.head.gap === gapUnits(count) && (await this.#isZero(from, to));
  }

  async #isZero(from: number, to: number): Promise<boolean> {
    for (let offset = from; offset < to; offset += windowBytes) {
      const count = Math.min(windowBytes, to - offset);
      const at = await this.#load(offset, count);
      if (at < 0 || this.#window.subarray(at, at + count).some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  /** The next offset at which a record may begin; the end of the file if there is none. */
  async #nextMagic(offset: number): Promise<number> {
    let from = offset;
    while (from + headerBytes <= this.#length) {
      const at = await this.#load(from, headerBytes);
      if (at < 0) break;
      const hit = this.#window.indexOf(recordMagic, at);
      if (hit === -1) {
        const end = this.#windowAt + this.#window.length;
        from = Math.max(from + alignment, Math.floor((end - headerBytes) / alignment) * alignment);
        continue;
      }
      const candidate = this.#windowAt + hit;
      if (candidate % alignment === 0) return candidate;
      from = Math.ceil((candidate + 1) / alignment) * alignment;
    }
    return this.#length;
  }

  /** Loads `count` bytes from `offset` into the window. Returns their position in it; -1 if the file is shorter. */
  async #load(offset: number, count: number): Promise<number> {
    if (offset + count > this.#length) return -1;
    const at = offset - this.#windowAt;
    if (at >= 0 && at + count <= this.#window.length) return at;
    const window = Buffer.allocUnsafe(Math.min(Math.max(windowBytes, count), this.#length - offset));
    const got = await readUpTo(this.#files, this.#fd, window, window.length, offset);
    this.#window = window.subarray(0, got);
    this.#windowAt = offset;
    return got < count ? -1 : 0;
  }
}

/** Checksum of a range, in bounded memory; -1 when the file is shorter. */
export async function contentCrc(
  files: FileLayer,
  fd: number,
  from: number,
  length: number,
): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(windowBytes, Math.max(1, length)));
  let crc = 0;
  for (let done = 0; done < length;) {
    const got = await readUpTo(files, fd, buffer, Math.min(buffer.length, length - done), from + done);
    if (got === 0) return -1;
    crc = crc32(buffer.subarray(0, got), crc);
    done += got;
  }
  return crc;
}

/** Verifies the content of a record, or the prefix of a large message. */
export async function isContentWhole(files: FileLayer, fd: number, record: FoundRecord): Promise<boolean> {
  const { at, bytes, head, offset } = record;
  const crc = await contentCrc(files, fd, offset + headerBytes + head.envelopeLength, head.contentLength);
  return crc === storedCrcOf(bytes, at, head);
}
