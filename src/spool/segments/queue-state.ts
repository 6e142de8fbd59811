// The store's state in memory: where each message that is not done is stored, and the state of its recipients. Does no
// I/O. Every change is absolute and may be applied twice, because the replay of the journal does so.

import type { LastRefusal } from '../../message/refusal-form.ts';
import { IdGroups, isDone, markDone, type IdGroup } from './id-groups.ts';
import { LiveSegments, addGroup, type LiveSegment } from './live-segments.ts';
import { HeldMessages } from './held-messages.ts';
import { flagDamaged, flagHoldOnly, MessageTable } from './message-table.ts';
import { formatQueueId, queueIdCounter, queueIdSegment } from '../queue-id.ts';
import { isLargeLength, type RecordHead } from './record.ts';
import { RecipientStates } from './recipient-states.ts';
import type { SegmentPlace } from './segment-place.ts';

const none = -1;

/** A large message that is done. */
export interface FinishedLarge {
  readonly queueId: string;
  readonly isDamaged: boolean;
}

export class QueueState {
  readonly groups = new IdGroups();
  readonly segments = new LiveSegments();
  readonly table = new MessageTable();
  readonly holds = new HeldMessages(this.table);
  readonly states = new RecipientStates();
  /** Large messages that are done. Their files may be removed when the outcomes are on stable storage. */
  finishedLarge: FinishedLarge[] = [];
  damagedCount = 0;
  /** A segment could not be read: outcomes without a record may be those of its mail, and are kept. */
  keepsUnfound = false;

  /** The row of a message that is not done; -1 if there is none. */
  rowOf(queueId: string): number {
    const group = this.groups.get(queueIdSegment(queueId));
    return group === undefined ? none : this.table.find(group.index, queueIdCounter(queueId));
  }

  queueIdAt(row: number): string {
    return formatQueueId(this.groupAt(row).prefix, this.table.counter[row] ?? 0);
  }

  groupAt(row: number): IdGroup {
    return this.groups.at(this.table.group[row] ?? 0);
  }

  placeAt(row: number): SegmentPlace | undefined {
    const index = this.table.segment[row] ?? none;
    if (index < 0) return undefined;
    return {
      segment: this.segments.at(index).id,
      offset: this.table.offset[row] ?? 0,
      length: this.table.length[row] ?? 0,
    };
  }

  /** Adds a message that a writer has reported. False when it is known already, waiting or done. */
  addSubmitted(idSegment: number, counter: number, place: SegmentPlace, recipients: number): boolean {
    // All messages of a removed segment are done, and their bits may be forgotten. After a restart of the manager, a
    // receiver reports again what the earlier manager has not confirmed, even if that one has delivered it.
    if (this.segments.wasRemoved(place.segment) || this.segments.wasRemovedBefore(place.segment))
      return false;
    const group = this.groups.ensure(idSegment);
    if (isDone(group, counter) || this.table.find(group.index, counter) !== none) return false;
    const segment = this.segments.ensure(place.segment);
    segment.records++;
    addGroup(segment, group);
    const row = this.table.insert(group.index, counter);
    this.table.recipients[row] = recipients;
    this.table.waiting[row] = recipients;
    this.#addToSegment(row, segment, place.offset, place.length);
    return true;
  }

  /**
   * Adds a record that recovery has found.
   * @returns its row; -1 when the message is done, or another record of it was found before (a move leaves an old copy)
   */
  addRecovered(segment: LiveSegment, offset: number, head: RecordHead): number {
    const group = this.groups.ensure(head.idSegment);
    addGroup(segment, group);
    if (isDone(group, head.counter)) {
      if (isLargeLength(head.length)) {
        this.finishedLarge.push({ queueId: formatQueueId(group.prefix, head.counter), isDamaged: false });
      }
      return none;
    }
    let row = this.table.find(group.index, head.counter);
    if (row === none) row = this.table.insert(group.index, head.counter);
    else if (this.table.segment[row] !== none) return none;
    this.#setRecipientCount(row, head.recipients);
    this.#addToSegment(row, segment, offset, head.length);
    if (this.table.waiting[row] !== 0) return row;
    this.#finish(row);
    return none;
  }

  isDone(head: RecordHead): boolean {
    const group = this.groups.get(head.idSegment);
    return group !== undefined && isDone(group, head.counter);
  }

  /** True if the message of a record is known, waiting or done. */
  knows(head: RecordHead): boolean {
    const group = this.groups.get(head.idSegment);
    if (group === undefined) return false;
    return isDone(group, head.counter) || this.table.find(group.index, head.counter) !== none;
  }

  /** Sets the number of recipients, which the journal does not tell, and counts those that wait. */
  #setRecipientCount(row: number, recipients: number): void {
    const base = this.table.states[row] ?? none;
    let waiting = recipients;
    if (base !== none) {
      const known = this.table.recipients[row] ?? 0;
      const fitted = known === recipients ? base : this.states.resize(base, known, recipients);
      this.table.states[row] = fitted;
      for (let index = 0; index < recipients; index++) if (this.states.isDone(fitted + index)) waiting--;
    }
    this.table.recipients[row] = recipients;
    this.table.waiting[row] = waiting;
  }

  /** Changes the place of a message after a copy of it is on stable storage. */
  setPlace(row: number, segment: LiveSegment, offset: number, length: number): void {
    this.#removeFromSegment(row);
    this.#addToSegment(row, segment, offset, length);
  }

  #addToSegment(row: number, segment: LiveSegment, offset: number, length: number): void {
    const { table } = this;
    table.segment[row] = segment.index;
    table.offset[row] = offset;
    table.length[row] = length;
    table.previous[row] = none;
    table.next[row] = segment.firstRow;
    if (segment.firstRow !== none) table.previous[segment.firstRow] = row;
    segment.firstRow = row;
    segment.liveMessages++;
    segment.liveBytes += length;
    if (offset + length > segment.length) segment.length = offset + length;
  }

  #removeFromSegment(row: number): void {
    const { table } = this;
    const index = table.segment[row] ?? none;
    if (index === none) return;
    const segment = this.segments.at(index);
    const next = table.next[row] ?? none;
    const previous = table.previous[row] ?? none;
    if (next !== none) table.previous[next] = previous;
    if (previous === none) segment.firstRow = next;
    else table.next[previous] = next;
    segment.liveMessages--;
    segment.liveBytes -= table.length[row] ?? 0;
    table.segment[row] = none;
  }

  /** Marks a recipient as done. True if it was the last one: then the message is done and its row is removed. */
  setRecipientDone(row: number, recipient: number): boolean {
    const { table } = this;
    if (recipient >= (table.recipients[row] ?? 0)) return false;
    if (table.recipients[row] === 1) {
      this.#finish(row);
      return true;
    }
    const at = this.#statesOf(row) + recipient;
    if (this.states.isDone(at)) return false;
    this.states.setDone(at);
    const waiting = (table.waiting[row] ?? 1) - 1;
    table.waiting[row] = waiting;
    if (waiting > 0) return false;
    this.#finish(row);
    return true;
  }

  /** Sets the state of a waiting recipient. False when the recipient is done already. */
  setDeferred(
    row: number,
    recipient: number,
    attempts: number,
    nextAttemptAtMs: number,
    refusal: LastRefusal,
  ): boolean {
    if (recipient >= (this.table.recipients[row] ?? 0)) return false;
    const at = this.#statesOf(row) + recipient;
    if (this.states.isDone(at)) return false;
    this.states.setDeferred(at, attempts, nextAttemptAtMs, refusal);
    return true;
  }

  /** Marks a message as damaged and holds it. The flag is not in the journal: the last refusal tells it after a restart. */
  setDamaged(row: number): void {
    this.holds.setHeld(row, true);
    if (this.isDamaged(row)) return;
    this.table.flags[row] = (this.table.flags[row] ?? 0) | flagDamaged;
    this.damagedCount++;
    const segment = this.table.segment[row] ?? none;
    if (segment !== none) this.segments.at(segment).isDamaged = true;
  }

  clearDamaged(row: number): void {
    if (!this.isDamaged(row)) return;
    this.table.flags[row] = (this.table.flags[row] ?? 0) & ~flagDamaged;
    this.damagedCount--;
  }

  isDamaged(row: number): boolean {
    return ((this.table.flags[row] ?? 0) & flagDamaged) !== 0;
  }

  /** The base of the message's recipient states, which are allocated if there are none. */
  #statesOf(row: number): number {
    const known = this.table.states[row] ?? none;
    if (known !== none) return known;
    const base = this.states.allocate(this.table.recipients[row] ?? 0);
    this.table.states[row] = base;
    return base;
  }

  #finish(row: number): void {
    const group = this.groupAt(row);
    if (isLargeLength(this.table.length[row] ?? 0)) {
      this.finishedLarge.push({ queueId: this.queueIdAt(row), isDamaged: this.isDamaged(row) });
    }
    markDone(group, this.table.counter[row] ?? 0);
    this.#removeRow(row);
  }

  #removeRow(row: number): void {
    this.#removeFromSegment(row);
    this.clearDamaged(row);
    const base = this.table.states[row] ?? none;
    if (base !== none) this.states.free(base, this.table.recipients[row] ?? 0);
    this.table.remove(row);
  }

  /** Forgets a segment whose removal is on stable storage, and groups of which no other segment has records. */
  removeSegment(segment: LiveSegment): void {
    this.segments.remove(segment);
    for (const group of segment.groups) this.groups.release(group);
  }

  // The following methods replay the journal, before the segments are read.

  replayDone(idSegment: number, first: number, count: number): void {
    const group = this.groups.ensure(idSegment);
    for (let counter = first; counter < first + count; counter++) {
      markDone(group, counter);
      const row = this.table.find(group.index, counter);
      if (row !== none) this.#removeRow(row);
    }
  }

  /** Returns a row with room for the state of `recipient`; -1 when the message is done. */
  replayRow(idSegment: number, counter: number, recipient: number): number {
    const group = this.groups.ensure(idSegment);
    if (isDone(group, counter)) return none;
    const found = this.table.find(group.index, counter);
    const row = found === none ? this.table.insert(group.index, counter) : found;
    const known = this.table.recipients[row] ?? 0;
    if (recipient >= known) {
      const base = this.table.states[row] ?? none;
      // Twice the needed size, so that a message with thousands of recipients is not copied for each of them.
      const room = recipient === 0 ? 1 : (recipient + 1) * 2;
      this.table.states[row] =
        base === none ? this.states.allocate(room) : this.states.resize(base, known, room);
      this.table.recipients[row] = room;
    }
    return row;
  }

  replayRecipientDone(idSegment: number, counter: number, recipient: number): void {
    const row = this.replayRow(idSegment, counter, recipient);
    if (row !== none) this.states.setDone((this.table.states[row] ?? 0) + recipient);
  }

  /** Holds a message that is held in the file `holds`. */
  replayHold(idSegment: number, counter: number): void {
    const known = this.groups.get(idSegment);
    const isKnown = known !== undefined && this.table.find(known.index, counter) !== none;
    const row = this.replayRow(idSegment, counter, -1);
    if (row === none) return;
    this.holds.setHeld(row, true);
    if (!isKnown) this.table.flags[row] = (this.table.flags[row] ?? 0) | flagHoldOnly;
  }

  /** After recovery: removes messages of which no segment has a record. Returns those that the journal knows. */
  dropWithoutRecord(): string[] {
    const lostIds: string[] = [];
    for (let row = 0; row < this.table.rows; row++) {
      if (!this.table.isUsed(row) || this.table.segment[row] !== none) continue;
      if (((this.table.flags[row] ?? 0) & flagHoldOnly) === 0) lostIds.push(this.queueIdAt(row));
      this.#removeRow(row);
    }
    this.groups.dropUnreferenced();
    return lostIds;
  }
}
