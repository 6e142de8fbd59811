// Where a snapshot's entries go: to the journal, or to a meter that only tells how many bytes they take.

import type { ErrorTexts } from './error-texts.ts';
import { entryDone, entryHeld, entryReleased, EntryBuffer } from './journal-entries.ts';

export interface EntrySink {
  /** Bytes since the last piece was taken. */
  readonly bytes: number;
  recipientDone(idSegment: number, counter: number, recipient: number): void;
  /** `error` is a number of the error texts. */
  deferred(
    idSegment: number,
    counter: number,
    recipient: number,
    attempts: number,
    nextAttemptAtMs: number,
    error: number,
  ): void;
  held(idSegment: number, counter: number, held: boolean): void;
  /** `ranges` are pairs: first counter, count. */
  doneRanges(idSegment: number, ranges: readonly number[]): void;
}

/**
 * Entries of the journal. A text goes before the first entry of each frame that names it: its number is given to another
 * text in time, and the frame that would say so may be the one that a power cut takes.
 */
export class JournalEntries extends EntryBuffer implements EntrySink {
  readonly #errors: ErrorTexts;
  #frame = 1;

  constructor(errors: ErrorTexts) {
    super();
    this.#errors = errors;
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
    error: number,
  ): void {
    if (error !== 0 && this.#errors.firstIn(this.#frame, error)) {
      this.errorText(error, this.#errors.text(error));
    }
    super.deferred(idSegment, counter, recipient, attempts, nextAttemptAtMs, error);
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
  readonly #errors: ErrorTexts;
  readonly #texts = new Set<number>();
  #total = 0;
  #bytes = 0;

  constructor(errors: ErrorTexts) {
    this.#errors = errors;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of all entries so far. */
  get total(): number {
    return this.#total + this.#bytes;
  }

  nextPiece(): void {
    this.#texts.clear();
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
    error: number,
  ): void {
    this.#bytes += headBytes + 20;
    if (error === 0 || this.#texts.has(error)) return;
    this.#texts.add(error);
    this.#bytes += 7 + Buffer.byteLength(this.#errors.text(error));
  }

  held(): void {
    this.#bytes += headBytes;
  }

  doneRanges(_idSegment: number, ranges: readonly number[]): void {
    this.#bytes += headBytes + ranges.length * 4;
  }
}
