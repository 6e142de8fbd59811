// Finds the records of a segment without its index, by walking from header to header. Content is skipped, except that of
// the last commit: only that one can have been cut short by a crash. What is damaged is reported, and searched for what
// it still tells.

import { crc32 } from 'node:zlib';
import { readUpTo } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import { segmentName } from './queue-id.ts';
import {
  headerBytes,
  maxGap,
  recordMagic,
  claimedHead,
  gapUnits,
  headLengthAt,
  headQueueId,
  parseHead,
  type RecordHead,
} from './record.ts';
import { segmentHeaderBytes, parseSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { FoundRecord } from './segment-index.ts';
import type { SpoolProblem } from './types.ts';

const windowBytes = 256 * 1024;
const alignment = 8;
/** Damaged records that are looked for in one stretch of damage. */
const maxClaims = 100_000;

const headDamage = { kind: 'content', why: 'its header or envelope is damaged' } as const;

/** Bytes that are neither a record nor a gap. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly claims: readonly FoundRecord[];
}

export interface WalkResult {
  /** Good and damaged ones, in order of offset. */
  readonly records: FoundRecord[];
  /** Something that was acknowledged may be damaged. */
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

  async header(): Promise<SegmentHeader | undefined> {
    const at = await this.#load(0, segmentHeaderBytes);
    const header =
      at < 0 ? undefined : parseSegmentHeader(this.#window.subarray(at, at + segmentHeaderBytes));
    this.#header = header?.id === this.#id ? header : undefined;
    this.#tag = this.#header?.tag;
    return this.#header;
  }

  async records(): Promise<WalkResult> {
    const good: FoundRecord[] = [];
    const stretches: Stretch[] = [];
    let offset = segmentHeaderBytes;
    while (offset < this.length) {
      const found = await this.#recordAt(offset);
      if (found !== undefined) {
        good.push(found);
        offset += found.head.length;
        continue;
      }
      const next = await this.#search(offset + alignment);
      const end = next < 0 ? this.length : next;
      if (next < 0 ? !(await this.#isZero(offset, end)) : !(await this.#isGap(offset, next))) {
        stretches.push({ from: offset, to: end, claims: await this.#claims(offset, end) });
      }
      offset = end;
    }
    return this.#judged(good, stretches);
  }

  /**
   * Only the last commit of an unsealed segment can be cut short by a crash, and then nobody was told that it is stored.
   * Anything else that does not hold is damage.
   */
  async #judged(found: readonly FoundRecord[], stretches: readonly Stretch[]): Promise<WalkResult> {
    const last = found.at(-1);
    const lastCommit = last?.head.commit ?? 0;
    const records: FoundRecord[] = [];
    let isDamaged = false;
    for (const { from, to, claims } of stretches) {
      const damaged = claims.filter(({ head }) => head.commit < lastCommit);
      const follower = found.find(({ offset }) => offset >= to);
      // A gap was on stable storage before the commit that follows it.
      const isGap = to - from <= maxGap && follower?.head.gap === gapUnits(to - from);
      const isLate = follower === undefined || follower.head.commit === lastCommit;
      const isTorn = damaged.length === 0 && isLate && !isGap;
      if (isTorn) this.#torn(`bytes ${from} to ${to} are not a record`, claims);
      else {
        this.#problem('segment', `bytes ${from} to ${to} are damaged and not a record any more`);
        isDamaged = true;
        records.push(...damaged);
      }
    }
    for (const record of found) {
      const isSuspect = this.#header?.unsynced === true || record.head.commit === lastCommit;
      if (!isSuspect || (await contentHolds(this.#files, this.#fd, record.offset, record.head))) {
        records.push(record);
      } else this.#torn(`the record at byte ${record.offset} is not whole`, [record]);
    }
    records.sort((a, b) => a.offset - b.offset);
    return { records, isDamaged };
  }

  #torn(what: string, claims: readonly FoundRecord[]): void {
    const ids = claims.slice(0, 10).map(({ head }) => headQueueId(head));
    const which = ids.length === 0 ? '' : ` (message ${ids.join(', ')})`;
    this.#problem(
      'torn',
      `${what}${which}: cut short by a crash before it was acknowledged, or damaged; left out`,
    );
  }

  #problem(kind: SpoolProblem['kind'], text: string): void {
    this.#report({ kind, place: segmentName(this.#id), text });
  }

  /** Records whose head is damaged, but tells enough to know where they end. */
  async #claims(from: number, to: number): Promise<FoundRecord[]> {
    const claims: FoundRecord[] = [];
    for (let offset = from; offset >= 0 && offset + headerBytes <= to && claims.length < maxClaims;) {
      const claim = await this.#claimAt(offset, to);
      if (claim === undefined) offset = await this.#magicFrom(offset + alignment);
      else {
        claims.push(claim);
        offset += claim.head.length;
      }
    }
    return claims;
  }

  async #claimAt(offset: number, to: number): Promise<FoundRecord | undefined> {
    let at = await this.#load(offset, headerBytes);
    const head = at < 0 ? undefined : claimedHead(this.#window, at);
    // Nobody outside knows the tag: no text of a mail has it.
    if (head === undefined || head.tag !== this.#tag || offset + head.length > to) return undefined;
    const headBytes = headerBytes + head.envelopeLength;
    at = await this.#load(offset, headBytes);
    if (at < 0) return undefined;
    const bytes = Buffer.from(this.#window.subarray(at, at + headBytes));
    return { offset, head, bytes, at: 0, damage: headDamage };
  }

  /** Where the next record may begin; -1 if nowhere. */
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
    const needed = headLengthAt(this.#window, at);
    if (needed === 0) return undefined;
    at = await this.#load(offset, needed);
    if (at < 0) return undefined;
    const head = parseHead(this.#window, at);
    if (head === undefined || offset + head.length > this.length) return undefined;
    // Without the segment's header the first record has to tell the tag.
    if (this.#tag === undefined && offset === segmentHeaderBytes) this.#tag = head.tag;
    if (head.tag !== this.#tag) return undefined;
    return { offset, head, bytes: Buffer.from(this.#window.subarray(at, at + needed)), at: 0 };
  }

  /** The offset of the next good record from `offset`; -1 if there is none. */
  async #search(offset: number): Promise<number> {
    let candidate = await this.#magicFrom(offset);
    while (candidate >= 0 && (await this.#recordAt(candidate)) === undefined) {
      candidate = await this.#magicFrom(candidate + alignment);
    }
    return candidate;
  }

  /** Whether the writer left these bytes: the record after them tells how many, so that a lost record shows. */
  async #isGap(offset: number, next: number): Promise<boolean> {
    const count = next - offset;
    if (count > maxGap || (await this.#recordAt(next))?.head.gap !== gapUnits(count)) return false;
    return this.#isZero(offset, next);
  }

  async #isZero(from: number, to: number): Promise<boolean> {
    for (let offset = from; offset < to; offset += windowBytes) {
      const count = Math.min(windowBytes, to - offset);
      const at = await this.#load(offset, count);
      if (at < 0 || !this.#window.subarray(at, at + count).every((byte) => byte === 0)) return false;
    }
    return true;
  }

  /** Brings `count` bytes from `offset` into the window; their position in it, or -1 if the file is shorter. */
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

/** Reads the content of a record and checks it; true for a large message, whose record holds none. */
export async function contentHolds(
  files: FileLayer,
  fd: number,
  offset: number,
  head: RecordHead,
): Promise<boolean> {
  if (head.contentLength === 0) return head.sizeBytes > 0 || head.contentCrc === 0;
  const content = Buffer.allocUnsafe(head.contentLength);
  const start = offset + headerBytes + head.envelopeLength;
  const got = await readUpTo(files, fd, content, content.length, start);
  return got === content.length && crc32(content) === head.contentCrc;
}
