// Copies the last messages of old segments into long-lived segments, so that a single waiting message does not keep a whole
// segment on the disk. The old file is removed only after the copy is on stable storage.

import { crc32 } from 'node:zlib';
import { readUpTo } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { highestOfSlot, listSegments, segmentPath, type SpoolLayout } from './layout.ts';
import { addGroup, type LiveSegment } from './live-segments.ts';
import { flagUnmovable } from './message-table.ts';
import { segmentCreatedMs } from '../queue-id.ts';
import { headerBytes, parseHead, storedCrcOf } from './record.ts';
import type { QueueState } from './queue-state.ts';
import { SegmentFile, type NewRecord } from './segment-file.ts';
import { systemCode, writeError } from '../spool-error.ts';
import type { SpoolProblem } from '../types.ts';

/** Limits of one step. */
const stepBytes = 8 * 1024 * 1024;
const stepMessages = 2048;

export interface RelocatorOptions {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  readonly slot: number;
  readonly segmentBytes: number;
  /** Age from which messages are moved out of a segment. */
  readonly relocateAfterMs: number;
  readonly state: QueueState;
  readonly report: (problem: SpoolProblem) => void;
}

interface Copy {
  readonly row: number;
  readonly group: number;
  readonly counter: number;
  readonly record: NewRecord;
}

export class Relocator {
  readonly #options: RelocatorOptions;
  #target: SegmentFile | undefined;
  #previous = -1;

  constructor(options: RelocatorOptions) {
    this.#options = options;
  }

  /**
   * Moves messages out of one segment, if there is an old one with few live bytes.
   * @throws {SpoolError} when the copy could not be written; then no message has moved.
   */
  async step(nowMs: number): Promise<void> {
    const source = this.#chooseSource(nowMs);
    if (source === undefined) return;
    const copies = await this.#read(source);
    if (copies.length === 0) return;
    const { target, start } = await this.#append(copies, nowMs);
    const { state } = this.#options;
    const segment = state.segments.ensure(target.id);
    segment.records += copies.length;
    segment.length = target.length;
    let offset = start;
    for (const { row, group, counter, record } of copies) {
      addGroup(segment, state.groups.at(group));
      const { table } = state;
      // Meanwhile the message may be done, or a sender may have begun to read it in its old place.
      if (table.find(group, counter) === row && table.pins[row] === 0) {
        state.setPlace(row, segment, offset, record.length);
      }
      offset += record.length;
    }
  }

  /** Seals the long-lived segment. */
  async close(): Promise<void> {
    const target = this.#target;
    this.#target = undefined;
    await target?.seal();
  }

  /** The segment to move messages out of: complete, old enough, and of those the one with the fewest live bytes. */
  #chooseSource(nowMs: number): LiveSegment | undefined {
    const { state, segmentBytes, relocateAfterMs } = this.#options;
    let best: LiveSegment | undefined;
    for (const segment of state.segments) {
      if (!segment.complete || segment.liveMessages === 0 || segment.id === this.#target?.id) continue;
      if (segment.liveBytes * 4 > segmentBytes) continue;
      if (ageMs(segment, nowMs) < relocateAfterMs) continue;
      if (best !== undefined && best.liveBytes <= segment.liveBytes) continue;
      if (this.#hasMovable(segment)) best = segment;
    }
    return best;
  }

  #hasMovable(segment: LiveSegment): boolean {
    for (let row = segment.firstRow; row >= 0; row = this.#options.state.table.next[row] ?? -1) {
      if (this.#isMovable(row)) return true;
    }
    return false;
  }

  #isMovable(row: number): boolean {
    const { table } = this.#options.state;
    return table.pins[row] === 0 && ((table.flags[row] ?? 0) & flagUnmovable) === 0;
  }

  async #read(source: LiveSegment): Promise<Copy[]> {
    const { files, layout, state } = this.#options;
    const { table } = state;
    const rows: number[] = [];
    let bytes = 0;
    for (let row = source.firstRow; row >= 0; row = table.next[row] ?? -1) {
      if (!this.#isMovable(row)) continue;
      bytes += table.length[row] ?? 0;
      if (rows.length > 0 && (bytes > stepBytes || rows.length === stepMessages)) break;
      rows.push(row);
    }
    const wanted = rows
      .map((row) => ({
        row,
        group: table.group[row] ?? 0,
        counter: table.counter[row] ?? 0,
        offset: table.offset[row] ?? 0,
        length: table.length[row] ?? 0,
        queueId: state.queueIdAt(row),
      }))
      .sort((a, b) => a.offset - b.offset);
    const copies: Copy[] = [];
    let fd: number;
    try {
      fd = await files.open(segmentPath(layout, source.id), 'r');
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      // The segment was removed by hand. The senders report each message as damaged; here, do not try again.
      for (const row of rows) table.flags[row] = (table.flags[row] ?? 0) | flagUnmovable;
      return copies;
    }
    try {
      for (const { row, group, counter, offset, length, queueId } of wanted) {
        const record = await readRecord(files, fd, offset, length);
        if (record !== undefined) copies.push({ row, group, counter, record });
        else if (table.find(group, counter) === row) {
          table.flags[row] = (table.flags[row] ?? 0) | flagUnmovable;
          const text = `the record at byte ${offset} is damaged; it stays where it is`;
          this.#options.report({ kind: 'content', place: queueId, text });
        }
      }
    } finally {
      await files.close(fd);
    }
    return copies;
  }

  async #append(
    copies: readonly Copy[],
    nowMs: number,
  ): Promise<{ readonly target: SegmentFile; readonly start: number }> {
    let target: SegmentFile | undefined;
    try {
      target = await this.#writable(nowMs);
      const start = await target.append(copies.map(({ record }) => record));
      return { target, start };
    } catch (error) {
      if (target !== undefined) {
        this.#target = undefined;
        await target.abandon();
      }
      throw writeError('moving messages to a long-lived segment', error);
    }
  }

  async #writable(nowMs: number): Promise<SegmentFile> {
    const { files, layout, slot, segmentBytes } = this.#options;
    const current = this.#target;
    if (current !== undefined && current.length < segmentBytes) return current;
    this.#target = undefined;
    await current?.seal();
    if (this.#previous < 0)
      this.#previous = highestOfSlot((await listSegments(files, layout)).segments, slot);
    const target = await SegmentFile.create(files, layout, this.#previous, nowMs, {
      slot,
      epoch: 0,
      longLived: true,
      sync: 'fdatasync',
    });
    this.#previous = target.id;
    this.#target = target;
    return target;
  }
}

/** Age of a segment. If it was made while the clock was ahead, its age counts from the first call of this function. */
function ageMs(segment: LiveSegment, nowMs: number): number {
  if (segment.agesFromMs === 0 || segment.agesFromMs > nowMs) {
    segment.agesFromMs = Math.min(segmentCreatedMs(segment.id), nowMs);
  }
  return nowMs - segment.agesFromMs;
}

/** Reads and checks a record; undefined when it is damaged. */
async function readRecord(
  files: FileLayer,
  fd: number,
  offset: number,
  length: number,
): Promise<NewRecord | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  const got = await readUpTo(files, fd, bytes, length, offset);
  const head = got === length ? parseHead(bytes, 0) : undefined;
  if (head?.length !== length) return undefined;
  const start = headerBytes + head.envelopeLength;
  const content = bytes.subarray(start);
  if (crc32(content) !== storedCrcOf(bytes, 0, head)) return undefined;
  return { head: bytes.subarray(0, start), content: [content], length };
}
