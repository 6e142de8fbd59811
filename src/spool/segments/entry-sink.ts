// Receivers of a snapshot's entries: the journal's buffer, or a meter that only counts the bytes that they need.

import type { RefusalForms } from './refusal-forms.ts';
import { entryDone, entryHeld, entryPassesHolds, entryReleased, EntryBuffer } from './journal-entries.ts';

export interface EntrySink {
  /** Bytes of entries since the last piece ended. */
  readonly bytes: number;
  recipientDone(idSegment: number, counter: number, recipient: number): void;
  /** @param refusal - number of the last refusal in `RefusalForms`; 0: none */
  deferred(
    idSegment: number,
    counter: number,
    recipient: number,
    attempts: number,
    nextAttemptAtMs: number,
    refusal: number,
  ): void;
  held(idSegment: number, counter: number, held: boolean): void;
  warned(idSegment: number, counter: number, afterMs: number): void;
  passesHolds(idSegment: number, counter: number): void;
  /** @param ranges - pairs of first counter and count */
  doneRanges(idSegment: number, ranges: readonly number[]): void;
}

/**
 * Gathers entries for the journal. In each frame, the text form of a refusal is written before the first entry that
 * uses its number. Numbers are reused, so a reader must not depend on an earlier frame: a power cut may have taken it.
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
    if (refusal !== 0 && this.#refusals.markWrittenIn(this.#frame, refusal)) {
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

  passesHolds(idSegment: number, counter: number): void {
    this.message(entryPassesHolds, idSegment, counter);
  }
}

/** Bytes of kind and queue id, with which most entries begin (docs/spool-format.md). */
const entryHeadBytes = 13;

/** Counts the bytes that a snapshot needs. */
export class EntryMeter implements EntrySink {
  readonly #refusals: RefusalForms;
  readonly #countedRefusals = new Set<number>();
  #endedPiecesBytes = 0;
  #bytes = 0;

  constructor(refusals: RefusalForms) {
    this.#refusals = refusals;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of all entries so far, of all pieces. */
  get totalBytes(): number {
    return this.#endedPiecesBytes + this.#bytes;
  }

  /** Ends a piece. In the journal, each piece is a frame of its own and repeats the refusals that it uses. */
  endPiece(): void {
    this.#countedRefusals.clear();
    this.#endedPiecesBytes += this.#bytes;
    this.#bytes = 0;
  }

  recipientDone(): void {
    this.#bytes += entryHeadBytes + 4;
  }

  deferred(
    _idSegment: number,
    _counter: number,
    _recipient: number,
    _attempts: number,
    _nextAttemptAtMs: number,
    refusal: number,
  ): void {
    this.#bytes += entryHeadBytes + 20;
    if (refusal === 0 || this.#countedRefusals.has(refusal)) return;
    this.#countedRefusals.add(refusal);
    this.#bytes += 7 + Buffer.byteLength(this.#refusals.form(refusal));
  }

  held(): void {
    this.#bytes += entryHeadBytes;
  }

  passesHolds(): void {
    this.#bytes += entryHeadBytes;
  }

  warned(): void {
    this.#bytes += entryHeadBytes + 8;
  }

  doneRanges(_idSegment: number, ranges: readonly number[]): void {
    this.#bytes += entryHeadBytes + ranges.length * 4;
  }
}
