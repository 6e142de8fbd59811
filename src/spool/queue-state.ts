// All that the store knows of the messages that are not done, in memory: where each is, and what became of its
// recipients so far. No I/O. Every change is absolute and may be applied twice, as the journal's replay does.

import type { LastRefusal } from '../message/refusal-form.ts';
import { IdGroups, isDone, markDone, type IdGroup } from './id-groups.ts';
import { LiveSegments, addGroup, type LiveSegment } from './live-segments.ts';
import { flagDamaged, flagHeld, flagHoldOnly, MessageTable } from './message-table.ts';
import { formatQueueId, queueIdCounter, queueIdSegment } from './queue-id.ts';
import { isLargeLength, type RecordHead } from './record.ts';
import { RecipientStates } from './recipient-states.ts';
import type { StoredRef } from './types.ts';

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
  readonly states = new RecipientStates();
  /** Large messages that are done: their files can go once the outcomes are durable. */
  finishedLarge: FinishedLarge[] = [];
  /** Messages that are known to be damaged. */
  damaged = 0;

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

  refAt(row: number): StoredRef | undefined {
    const index = this.table.segment[row] ?? none;
    if (index < 0) return undefined;
    return {
      segment: this.segments.at(index).id,
      offset: this.table.offset[row] ?? 0,
      length: this.table.length[row] ?? 0,
    };
  }

  /** A writer reports a message. False when it is known already, done or not. */
  submitted(idSegment: number, counter: number, ref: StoredRef, recipients: number): boolean {
    // A removed segment has taken with it what is known of its messages: all of them are done. A receiver reports again
    // after a restart of the manager what the one before has not confirmed, also when that has delivered it long ago.
    if (this.segments.wasRemoved(ref.segment) || this.segments.wasRemovedBefore(ref.segment)) return false;
    const group = this.groups.ensure(idSegment);
    if (isDone(group, counter) || this.table.find(group.index, counter) !== none) return false;
    const segment = this.segments.ensure(ref.segment);
    segment.records++;
    addGroup(segment, group);
    const row = this.table.insert(group.index, counter);
    this.table.recipients[row] = recipients;
    this.table.waiting[row] = recipients;
    this.#place(row, segment, ref.offset, ref.length);
    return true;
  }

  /**
   * A record found by recovery. Returns its row, or -1 when the message is done or was found before (a copy that a
   * move left behind).
   */
  found(segment: LiveSegment, offset: number, head: RecordHead): number {
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
    this.#fit(row, head.recipients);
    this.#place(row, segment, offset, head.length);
    if (this.table.waiting[row] !== 0) return row;
    this.#finish(row);
    return none;
  }

  /** True if the message of a record is done. */
  isDone(head: RecordHead): boolean {
    const group = this.groups.get(head.idSegment);
    return group !== undefined && isDone(group, head.counter);
  }

  /** True if the message of a record is done, or waits. */
  knows(head: RecordHead): boolean {
    const group = this.groups.get(head.idSegment);
    if (group === undefined) return false;
    return isDone(group, head.counter) || this.table.find(group.index, head.counter) !== none;
  }

  /** Gives a row from the journal its number of recipients. */
  #fit(row: number, recipients: number): void {
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

  /** A copy of a message is durable elsewhere: that is its place now. */
  moved(row: number, segment: LiveSegment, offset: number, length: number): void {
    this.#leave(row);
    this.#place(row, segment, offset, length);
  }

  #place(row: number, segment: LiveSegment, offset: number, length: number): void {
    const { table } = this;
    table.segment[row] = segment.index;
    table.offset[row] = offset;
    table.length[row] = length;
    table.previous[row] = none;
    table.next[row] = segment.first;
    if (segment.first !== none) table.previous[segment.first] = row;
    segment.first = row;
    segment.live++;
    segment.liveBytes += length;
    if (offset + length > segment.length) segment.length = offset + length;
  }

  #leave(row: number): void {
    const { table } = this;
    const index = table.segment[row] ?? none;
    if (index === none) return;
    const segment = this.segments.at(index);
    const next = table.next[row] ?? none;
    const previous = table.previous[row] ?? none;
    if (next !== none) table.previous[next] = previous;
    if (previous === none) segment.first = next;
    else table.next[previous] = next;
    segment.live--;
    segment.liveBytes -= table.length[row] ?? 0;
    table.segment[row] = none;
  }

  /** One recipient is done. True when it was the last one: the message is done and its row is gone. */
  recipientDone(row: number, recipient: number): boolean {
    const { table } = this;
    if (recipient >= (table.recipients[row] ?? 0)) return false;
    if (table.recipients[row] === 1) {
      this.#finish(row);
      return true;
    }
    const at = this.#block(row) + recipient;
    if (this.states.isDone(at)) return false;
    this.states.setDone(at);
    const waiting = (table.waiting[row] ?? 1) - 1;
    table.waiting[row] = waiting;
    if (waiting > 0) return false;
    this.#finish(row);
    return true;
  }

  /** False when the recipient is done already. */
  deferred(
    row: number,
    recipient: number,
    attempts: number,
    nextAttemptAtMs: number,
    refusal: LastRefusal,
  ): boolean {
    if (recipient >= (this.table.recipients[row] ?? 0)) return false;
    const at = this.#block(row) + recipient;
    if (this.states.isDone(at)) return false;
    this.states.setDeferred(at, attempts, nextAttemptAtMs, refusal);
    return true;
  }

  setHeld(row: number, held: boolean): void {
    const flags = this.table.flags[row] ?? 0;
    this.table.flags[row] = held ? flags | flagHeld : flags & ~flagHeld;
  }

  /** What the journal says of holds is not to be believed. */
  releaseAll(): void {
    for (let row = 0; row < this.table.rows; row++) if (this.table.isUsed(row)) this.setHeld(row, false);
  }

  isHeld(row: number): boolean {
    return ((this.table.flags[row] ?? 0) & flagHeld) !== 0;
  }

  /** What is damaged is held. The flag that it is damaged is not in the journal; its last refusal tells it. */
  setDamaged(row: number): void {
    this.setHeld(row, true);
    if (this.isDamaged(row)) return;
    this.table.flags[row] = (this.table.flags[row] ?? 0) | flagDamaged;
    this.damaged++;
    const segment = this.table.segment[row] ?? none;
    if (segment !== none) this.segments.at(segment).isDamaged = true;
  }

  clearDamaged(row: number): void {
    if (!this.isDamaged(row)) return;
    this.table.flags[row] = (this.table.flags[row] ?? 0) & ~flagDamaged;
    this.damaged--;
  }

  isDamaged(row: number): boolean {
    return ((this.table.flags[row] ?? 0) & flagDamaged) !== 0;
  }

  #block(row: number): number {
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
    this.#forget(row);
  }

  #forget(row: number): void {
    this.#leave(row);
    this.clearDamaged(row);
    const base = this.table.states[row] ?? none;
    if (base !== none) this.states.free(base, this.table.recipients[row] ?? 0);
    this.table.remove(row);
  }

  /** The segment's file is gone, durably: so is what had to be remembered for it. */
  segmentRemoved(segment: LiveSegment): void {
    this.segments.remove(segment);
    for (const group of segment.groups) this.groups.release(group);
  }

  // Replay of the journal, before the segments are looked at.

  replayDone(idSegment: number, first: number, count: number): void {
    const group = this.groups.ensure(idSegment);
    for (let counter = first; counter < first + count; counter++) {
      markDone(group, counter);
      const row = this.table.find(group.index, counter);
      if (row !== none) this.#forget(row);
    }
  }

  /** A row with room for the state of `recipient`; -1 when the message is done. */
  replayRow(idSegment: number, counter: number, recipient: number): number {
    const group = this.groups.ensure(idSegment);
    if (isDone(group, counter)) return none;
    const found = this.table.find(group.index, counter);
    const row = found === none ? this.table.insert(group.index, counter) : found;
    const known = this.table.recipients[row] ?? 0;
    if (recipient >= known) {
      const base = this.table.states[row] ?? none;
      // A block of the size needed twice over: most messages have few recipients, some have thousands.
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

  /** The second record of holds says that a message is held. */
  replayHold(idSegment: number, counter: number): void {
    const known = this.groups.get(idSegment);
    const isKnown = known !== undefined && this.table.find(known.index, counter) !== none;
    const row = this.replayRow(idSegment, counter, -1);
    if (row === none) return;
    this.setHeld(row, true);
    if (!isKnown) this.table.flags[row] = (this.table.flags[row] ?? 0) | flagHoldOnly;
  }

  /** After recovery: drops messages that no segment holds, and returns the queue ids of those that the journal knows. */
  dropUnplaced(): string[] {
    const lost: string[] = [];
    for (let row = 0; row < this.table.rows; row++) {
      if (!this.table.isUsed(row) || this.table.segment[row] !== none) continue;
      if (((this.table.flags[row] ?? 0) & flagHoldOnly) === 0) lost.push(this.queueIdAt(row));
      this.#forget(row);
    }
    this.groups.dropUnreferenced();
    return lost;
  }
}
