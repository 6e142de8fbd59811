// Where a snapshot's entries go: to the journal, or to a meter that only tells how many bytes they take.

import type { RefusalForms } from './refusal-forms.ts';
import { entryDone, entryHeld, entryReleased, EntryBuffer } from './journal-entries.ts';

export interface EntrySink {
  /** Bytes since the last piece was taken. */
  readonly bytes: number;
  recipientDone(idSegment: number, counter: number, recipient: number): void;
  /** `refusal` is a number of `RefusalForms`. */
  deferred(
    idSegment: number,
    counter: number,
    recipient: number,
    attempts: number,
    nextAttemptAtMs: number,
    refusal: number,
  ): void;
  held(idSegment: number, counter: number, held: boolean): void;
  /** `ranges` are pairs: first counter, count. */
  doneRanges(idSegment: number, ranges: readonly number[]): void;
}

/**
 * Entries of the journal. A refusal goes before the first entry of each frame that names it: its number is given to
 * another one in time, and the frame that would say so may be the one that a power cut takes.
 */
export class JournalEntries extends EntryBuffer implements EntrySink {
  readonly #refusals: RefusalForms;
  #frame = 1;

  constructor(refusals: RefusalForms) {
    super();
    this.#refusals = refusals;
  }

  override clear(): void {
    this.#frame++;
    super.clear();
  }

  override take(kind: number, tag: number, synced: number): Buffer {
    this.#frame++;
    return super.take(kind, tag, synced);
  }

  override deferred(
    idSegment: number,
    counter: number,
    recipient: number,
    attempts: number,
    nextAttemptAtMs: number,
    refusal: number,
  ): void {
    if (refusal !== 0 && this.#refusals.firstIn(this.#frame, refusal)) {
      this.refusal(refusal, this.#refusals.form(refusal));
    }
    super.deferred(idSegment, counter, recipient, attempts, nextAttemptAtMs, refusal);
  }

  done(idSegment: number, counter: number): void {
    this.message(entryDone, idSegment, counter);
  }

  held(idSegment: number, counter: number, held: boolean): void {
    this.message(held ? entryHeld : entryReleased, idSegment, counter);
  }
}

/** Bytes of one entry without what varies: docs/spool-format.md. */
const headBytes = 13;

/** Counts what a snapshot takes. */
export class EntryMeter implements EntrySink {
  readonly #refusals: RefusalForms;
  readonly #told = new Set<number>();
  #total = 0;
  #bytes = 0;

  constructor(refusals: RefusalForms) {
    this.#refusals = refusals;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of all entries so far. */
  get total(): number {
    return this.#total + this.#bytes;
  }

  nextPiece(): void {
    this.#told.clear();
    this.#total += this.#bytes;
    this.#bytes = 0;
  }

  recipientDone(): void {
    this.#bytes += headBytes + 4;
  }

  deferred(
    _idSegment: number,
    _counter: number,
    _recipient: number,
    _attempts: number,
    _nextAttemptAtMs: number,
    refusal: number,
  ): void {
    this.#bytes += headBytes + 20;
    if (refusal === 0 || this.#told.has(refusal)) return;
    this.#told.add(refusal);
    this.#bytes += 7 + Buffer.byteLength(this.#refusals.form(refusal));
  }

  held(): void {
    this.#bytes += headBytes;
  }

  doneRanges(_idSegment: number, ranges: readonly number[]): void {
    this.#bytes += headBytes + ranges.length * 4;
  }
}
