// Appends messages to segments by group commit: messages that arrive during a write and its sync are written together next,
// so that one fdatasync serves all waiting sessions.

import { nextTurn } from '../../io/timers.ts';
import { FreeSpace } from './free-space.ts';
import { LargeFile } from './large-file.ts';
import { highestOfSlot, listSegments } from './layout.ts';
import { counterLimit, formatQueueId, nextSegmentId, segmentName } from '../queue-id.ts';
import { encodeCompressed, encodeMessage, type EncodedMessage } from './new-record.ts';
import { SegmentFile, type NewRecord } from './segment-file.ts';
import { segmentRef } from './segment-place.ts';
import type { SegmentWriterOptions, WaitingRecord } from './segment-writer-types.ts';
import { SpoolError, isDiskFull, isTransientDiskError, systemCode, writeError } from '../spool-error.ts';
import type { Appended, LargeContent, NewMessage, SpoolWriter, StoredRef } from '../types.ts';

/** Largest group, so that no session waits much longer than its own bytes need. */
const maxGroupBytes = 8 * 1024 * 1024;
/**
 * Turns of the event loop between two groups, so that messages which the sockets have received already join the next
 * group. A timer was rejected, since it would delay sessions. With 50 sessions, a group grows from 7 messages to 9, and no
 * session becomes slower.
 */
const gatherTurns = 2;
/** Pause after a failure that concerns all mail. During the pause, mail is refused before its content is sent. */
const failureRetryMs = 1_000;

export class SegmentWriter implements SpoolWriter {
  readonly #options: SegmentWriterOptions;
  readonly #space: FreeSpace;
  /** The open segment; undefined after a failure until the next group needs one. */
  #segment: SegmentFile | undefined;
  readonly #epoch: number;
  /** Segment part of new queue ids: the open segment's id, or a higher one when its counters are used up. */
  #idSegment: number;
  #idPrefix: string;
  #counter = 0;
  #waiting: WaitingRecord[] = [];
  #isScheduled = false;
  #running: Promise<void> | undefined;
  readonly #sealing = new Set<Promise<void>>();
  /** Messages that another thread compresses, until they are stored. */
  readonly #compressing = new Set<Promise<Appended>>();
  #isClosed = false;
  #failure: SpoolError | undefined;
  #failedAtMs = 0;

  private constructor(options: SegmentWriterOptions, space: FreeSpace, idSegment: number) {
    this.#options = options;
    this.#space = space;
    this.#epoch = idSegment;
    this.#idSegment = idSegment;
    this.#idPrefix = segmentName(idSegment);
  }

  static async open(options: SegmentWriterOptions): Promise<SegmentWriter> {
    const { files, layout, slot, lane, now } = options;
    const space = new FreeSpace(files, layout.directory, options.reserveBytes, now);
    try {
      await space.measure();
      const previous = highestOfSlot((await listSegments(files, layout)).segments, slot);
      const nowMs = now();
      const writer = new SegmentWriter(options, space, nextSegmentId(previous, nowMs, slot, lane));
      await writer.#begin(previous, nowMs);
      return writer;
    } catch (error) {
      throw writeError(`opening the spool in ${layout.directory} for writing`, error);
    }
  }

  /** Makes the first segment. If the disk is full or fails, the next group tries again. */
  async #begin(previous: number, nowMs: number): Promise<void> {
    try {
      await this.#create(previous, nowMs);
    } catch (error) {
      if (!isTransientDiskError(error)) throw error;
      this.#beginLater();
    }
  }

  /**
   * Makes the first segment without waiting for mail. A process of before may have died after it had stored a message and
   * before it told the manager of it; that message is found only when a newer segment shows that the old one gets no more.
   */
  #beginLater(): void {
    const { timers, now } = this.#options;
    const timer = timers.setTimeout(() => {
      if (this.#isClosed || this.#segment !== undefined) return;
      if (this.#running !== undefined) this.#beginLater();
      // An error that is not transient meets the next message.
      else this.#run(this.#begin(this.#idSegment, now()).catch(() => undefined));
    }, failureRetryMs);
    timer.unref();
  }

  /** Begins a segment with an id above `previous`. */
  async #create(previous: number, nowMs: number): Promise<SegmentFile> {
    const { files, layout, slot, lane, sync } = this.#options;
    const segment = await SegmentFile.create(files, layout, previous, nowMs, {
      slot,
      lane,
      epoch: this.#epoch,
      longLived: false,
      sync,
    });
    this.#segment = segment;
    this.#idSegment = segment.id;
    this.#idPrefix = segmentName(segment.id);
    this.#counter = 0;
    return segment;
  }

  newQueueId(): string {
    if (this.#counter === counterLimit) {
      // No segment has this id. Before the next group is written, a segment with a higher id is made: see #writable.
      const { slot, lane, now } = this.#options;
      this.#idSegment = nextSegmentId(this.#idSegment, now(), slot, lane);
      this.#idPrefix = segmentName(this.#idSegment);
      this.#counter = 0;
    }
    return formatQueueId(this.#idPrefix, this.#counter++);
  }

  append(message: NewMessage): Promise<Appended> {
    try {
      this.#requireOpen();
      const level = this.#options.compressionLevel;
      if (level === undefined) return this.#store(encodeMessage(message));
      const encoded = encodeCompressed(message, level);
      if (!(encoded instanceof Promise)) return this.#store(encoded);
      const stored = encoded.then((each) => this.#store(each));
      this.#compressing.add(stored);
      return stored.finally(() => this.#compressing.delete(stored));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #store({ record, sizeBytes }: EncodedMessage): Promise<Appended> {
    return this.#append(record).then((ref) => ({ ref, sizeBytes }));
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new SpoolError('SPOOL_NOT_OPEN', 'storing a message: the spool is closed');
  }

  #append(record: NewRecord): Promise<StoredRef> {
    const { failure } = this;
    if (failure !== undefined) return Promise.reject(failure);
    if (!this.#space.hasRoom(record.length)) {
      const text = `storing a message of ${record.length} bytes: the spool has no room left`;
      return Promise.reject(new SpoolError('SPOOL_FULL', text));
    }
    this.#space.subtract(record.length);
    return new Promise((resolve, reject) => {
      const { head, prefix, content, length } = record;
      this.#waiting.push({ head, prefix, content, length, resolve, reject });
      this.#schedule();
    });
  }

  async openLarge(queueId: string): Promise<LargeContent> {
    const { files, layout, sync } = this.#options;
    return LargeFile.create(
      {
        files,
        layout,
        space: this.#space,
        sync: sync === 'fdatasync',
        append: async (record) => {
          this.#requireOpen();
          return this.#append(record);
        },
      },
      queueId,
    );
  }

  hasRoom(sizeBytes: number): boolean {
    return this.failure === undefined && this.#space.hasRoom(sizeBytes);
  }

  get failure(): SpoolError | undefined {
    if (this.#failure === undefined) return undefined;
    const age = this.#options.now() - this.#failedAtMs;
    if (age >= failureRetryMs || age < 0) this.#failure = undefined;
    return this.#failure;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#compressing);
    if (this.#running === undefined && this.#waiting.length > 0) this.#start();
    await this.#running;
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment !== undefined) await segment.seal();
    await Promise.all(this.#sealing);
  }

  /** Begins after this turn of the event loop, so that all messages of the turn make one group. */
  #schedule(): void {
    if (this.#isScheduled || this.#running !== undefined) return;
    this.#isScheduled = true;
    this.#options.timers.setImmediate(() => {
      this.#isScheduled = false;
      if (this.#running === undefined) this.#start();
    });
  }

  #start(): void {
    this.#run(this.#drain());
  }

  /** While `work` is under way, no group is written. */
  #run(work: Promise<void>): void {
    this.#running = work.finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      let group: readonly WaitingRecord[] = [];
      try {
        const segment = await this.#writable();
        group = this.#takeGroup(segment);
        const start = await segment.append(group);
        let offset = start;
        for (const { length, resolve } of group) {
          resolve(segmentRef(this.#options.store, segment.id, offset, length));
          offset += length;
        }
        this.#space.subtract(segment.length - offset);
        for (let turn = 0; turn < gatherTurns && this.#waiting.length > 0; turn++) {
          await nextTurn(this.#options.timers);
        }
      } catch (error) {
        this.#rejectGroup(group, error);
      }
    }
  }

  /** The open segment, or a new one when it is full, has failed, or its queue ids are used up. */
  async #writable(): Promise<SegmentFile> {
    const current = this.#segment;
    const next = this.#waiting[0];
    if (current !== undefined) {
      const isFull = current.records > 0 && current.length + (next?.length ?? 0) > this.#options.segmentBytes;
      if (!isFull && current.id === this.#idSegment) return current;
      this.#segment = undefined;
      this.#trackSealing(current.seal());
    }
    return this.#create(this.#idSegment, this.#options.now());
  }

  #takeGroup(segment: SegmentFile): readonly WaitingRecord[] {
    const room = this.#options.segmentBytes - segment.length;
    let bytes = 0;
    let count = 0;
    for (const { length } of this.#waiting) {
      if (count > 0 && (bytes + length > room || bytes + length > maxGroupBytes)) break;
      bytes += length;
      count++;
    }
    if (count === this.#waiting.length) {
      const group = this.#waiting;
      this.#waiting = [];
      return group;
    }
    return this.#waiting.splice(0, count);
  }

  /** Refuses a group that failed. Without a segment, refuses all waiting messages. */
  #rejectGroup(group: readonly WaitingRecord[], cause: unknown): void {
    const segment = this.#segment;
    const error = writeError(`writing to the spool in ${this.#options.layout.directory}`, cause);
    if (isDiskFull(cause)) this.#space.markFull();
    else if (systemCode(cause) === 'EROFS' || segment === undefined) {
      // A failed write may concern its file only. These failures would meet every message.
      this.#failure = error;
      this.#failedAtMs = this.#options.now();
    }
    if (group.length > 0 && segment !== undefined) {
      this.#segment = undefined;
      this.#trackSealing(segment.abandon());
      for (const { reject } of group) reject(error);
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }

  /** Lets `close` wait for the sealing. */
  #trackSealing(sealing: Promise<void>): void {
    this.#sealing.add(sealing);
    void sealing.finally(() => this.#sealing.delete(sealing));
  }
}
