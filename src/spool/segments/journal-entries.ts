// The journal's entries, and the frames in which they are written. A frame is one write, and its checksum covers all its
// entries, so a torn frame is ignored as a whole. Entries are absolute: applying an entry twice changes nothing.

import { crc32 } from 'node:zlib';
import type { LastRefusal } from '../../message/refusal-form.ts';
import { readLastRefusal } from './last-refusal.ts';
import { getUint53, putUint53 } from './record.ts';

export const journalHeaderBytes = 32;
export const frameHeaderBytes = 24;
export const frameEntries = 1;
/** A frame that ends a snapshot: from here on the file has the whole state, and older files are not needed. */
export const frameSnapshotEnd = 2;

/** The message is done, because its last recipient is. */
export const entryDone = 1;
export const entryRecipientDone = 2;
export const entryDeferred = 3;
export const entryHeld = 4;
export const entryReleased = 5;
/** Assigns a number to a refusal; it is valid for the entries after this one in the same file. */
const entryRefusal = 6;
export const entryDoneRanges = 7;
/** The sender was told that the message is delayed. */
const entryWarned = 8;
/** The message passes routes that hold mail. */
export const entryPassesHolds = 9;

export const journalMagic = Buffer.from('SLJN', 'latin1').readUInt32LE(0);
export const frameMagicBytes = Buffer.from('SLJF', 'latin1');
const frameMagic = frameMagicBytes.readUInt32LE(0);
export const journalVersion = 1;

/** Flag in a journal's header: the spool has a file `holds`. If `holds` is missing nevertheless, it was lost. */
export const flagHasHolds = 1;

/**
 * The header of a journal file or of `holds`.
 * @param number - of the journal file; in `holds`, of the newest journal file
 * @param flags - in a journal file: `flagHasHolds`
 * @param journalBytes - in `holds`: bytes of that journal file that are on stable storage
 */
export function encodeJournalHeader(number: number, tag: number, flags = 0, journalBytes = 0): Buffer {
  const header = Buffer.alloc(journalHeaderBytes);
  header.writeUInt32LE(journalMagic, 0);
  header[8] = journalVersion;
  header[9] = flags;
  header.writeUInt32LE(tag, 12);
  putUint53(header, number, 16);
  putUint53(header, journalBytes, 24);
  header.writeUInt32LE(crc32(header.subarray(8)), 4);
  return header;
}

/**
 * Writes the header of a frame, for which `frame` has room at its beginning.
 * @param synced - bytes of the file that are on stable storage: if something is missing before this offset, it is damage;
 * after it, a crash may be the cause
 */
function finishFrame(frame: Buffer, kind: number, tag: number, synced: number): void {
  frame.writeUInt32LE(frameMagic, 0);
  frame.writeUInt32LE(frame.length - frameHeaderBytes, 8);
  frame.writeUInt32LE(kind, 12);
  frame.writeUInt32LE(tag, 16);
  frame.writeUInt32LE(synced, 20);
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4);
}

/** Gathers the entries of one frame. */
export class EntryBuffer {
  #buffer = Buffer.allocUnsafeSlow(16 * 1024);
  #used = frameHeaderBytes;

  /** Bytes of entries. */
  get bytes(): number {
    return this.#used - frameHeaderBytes;
  }

  clear(): void {
    this.#used = frameHeaderBytes;
  }

  /** Returns the gathered entries as a frame, and begins the next frame. */
  take(kind: number, tag: number, synced: number): Buffer {
    const frame = this.#buffer.subarray(0, this.#used);
    finishFrame(frame, kind, tag, synced);
    this.#buffer = Buffer.allocUnsafeSlow(16 * 1024);
    this.#used = frameHeaderBytes;
    return frame;
  }

  #ensureRoom(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#used + bytes));
    this.#buffer.copy(grown, 0, 0, this.#used);
    this.#buffer = grown;
  }

  /** Adds an entry of the kind done, held, released or one that passes holds. */
  message(kind: number, idSegment: number, counter: number): void {
    this.#ensureRoom(13);
    this.#start(kind, idSegment, counter);
  }

  #start(kind: number, idSegment: number, counter: number): void {
    this.#buffer[this.#used] = kind;
    putUint53(this.#buffer, idSegment, this.#used + 1);
    this.#buffer.writeUInt32LE(counter, this.#used + 9);
    this.#used += 13;
  }

  recipientDone(idSegment: number, counter: number, recipient: number): void {
    this.#ensureRoom(17);
    this.#start(entryRecipientDone, idSegment, counter);
    this.#buffer.writeUInt32LE(recipient, this.#used);
    this.#used += 4;
  }

  /** @param refusal - a number that a `refusal` entry of the same frame assigns; 0: none */
  deferred(
    idSegment: number,
    counter: number,
    recipient: number,
    attempts: number,
    nextAttemptAtMs: number,
    refusal: number,
  ): void {
    this.#ensureRoom(33);
    this.#start(entryDeferred, idSegment, counter);
    this.#buffer.writeUInt32LE(recipient, this.#used);
    this.#buffer.writeUInt32LE(attempts, this.#used + 4);
    this.#buffer.writeDoubleLE(nextAttemptAtMs, this.#used + 8);
    this.#buffer.writeUInt32LE(refusal, this.#used + 16);
    this.#used += 20;
  }

  /** @param afterMs - for so long the message had waited when a warning about it was due */
  warned(idSegment: number, counter: number, afterMs: number): void {
    this.#ensureRoom(21);
    this.#start(entryWarned, idSegment, counter);
    this.#buffer.writeDoubleLE(afterMs, this.#used);
    this.#used += 8;
  }

  refusal(number: number, form: LastRefusal): void {
    this.#ensureRoom(7 + form.length * 3);
    this.#buffer[this.#used] = entryRefusal;
    this.#buffer.writeUInt32LE(number, this.#used + 1);
    const length = this.#buffer.write(form, this.#used + 7, 'utf8');
    this.#buffer.writeUInt16LE(length, this.#used + 5);
    this.#used += 7 + length;
  }

  /** @param ranges - pairs of first counter and count */
  doneRanges(idSegment: number, ranges: readonly number[]): void {
    this.#ensureRoom(13 + ranges.length * 4);
    this.#start(entryDoneRanges, idSegment, ranges.length / 2);
    for (const value of ranges) {
      this.#buffer.writeUInt32LE(value, this.#used);
      this.#used += 4;
    }
  }
}

/** Is called for each entry of a journal, in order. */
export interface EntryVisitor {
  done(idSegment: number, first: number, count: number): void;
  recipientDone(idSegment: number, counter: number, recipient: number): void;
  deferred(
    idSegment: number,
    counter: number,
    recipient: number,
    attempts: number,
    nextAttemptAtMs: number,
    refusal: LastRefusal,
  ): void;
  held(idSegment: number, counter: number, held: boolean): void;
  warned(idSegment: number, counter: number, afterMs: number): void;
  passesHolds(idSegment: number, counter: number): void;
}

/**
 * Calls the visitor for each entry of a frame.
 * @param refusals - refusals by their number; pass the same map for all frames of a file, since older versions wrote a
 * refusal only once in a file
 */
export function visitEntries(frame: Buffer, refusals: Map<number, LastRefusal>, visitor: EntryVisitor): void {
  let at = 0;
  while (at < frame.length) {
    const kind = frame[at];
    if (kind === entryRefusal) {
      const end = at + 7 + frame.readUInt16LE(at + 5);
      refusals.set(frame.readUInt32LE(at + 1), readLastRefusal(frame.toString('utf8', at + 7, end)));
      at = end;
      continue;
    }
    const idSegment = getUint53(frame, at + 1);
    const counter = frame.readUInt32LE(at + 9);
    at += 13;
    switch (kind) {
      case entryDone:
        visitor.done(idSegment, counter, 1);
        break;
      case entryRecipientDone:
        visitor.recipientDone(idSegment, counter, frame.readUInt32LE(at));
        at += 4;
        break;
      case entryDeferred: {
        const refusal = refusals.get(frame.readUInt32LE(at + 16)) ?? '';
        const [recipient, attempts] = [frame.readUInt32LE(at), frame.readUInt32LE(at + 4)];
        visitor.deferred(idSegment, counter, recipient, attempts, frame.readDoubleLE(at + 8), refusal);
        at += 20;
        break;
      }
      case entryHeld:
      case entryReleased:
        visitor.held(idSegment, counter, kind === entryHeld);
        break;
      case entryWarned:
        visitor.warned(idSegment, counter, frame.readDoubleLE(at));
        at += 8;
        break;
      case entryPassesHolds:
        visitor.passesHolds(idSegment, counter);
        break;
      case entryDoneRanges:
        for (let left = counter; left > 0; left--) {
          visitor.done(idSegment, frame.readUInt32LE(at), frame.readUInt32LE(at + 4));
          at += 8;
        }
        break;
      default:
        throw new Error(`reading the journal: an entry has the unknown kind ${kind}`);
    }
  }
}
