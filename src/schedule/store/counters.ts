// Counters: how many slots of one limit are used for one key, and which routes wait for them. What a slot stands for is
// not known here.

import { Int32Column, Uint8Column } from './columns.ts';
import { KeyIndex } from './key-index.ts';
import type { AppliedLimit } from '../limits/types.ts';
import { RowList } from './row-list.ts';
import { invariant } from '../scheduler-error.ts';
import { Slots } from './slots.ts';

/** What a counter counts. */
export const Dimension = {
  /** All connections, without those that hang. */
  global: 0,
  /** Connections, for limits that look at the message: may change with every transaction of a connection. */
  task: 1,
  /** Connections, for limits that look at where they go: the same as long as the connection lives. */
  place: 2,
  /** The right to try an address that failed: none while it rests, then one at a time. */
  probe: 3,
  /** Connections of one source to one site, as many as adaptation allows. */
  window: 4,
  /** A rate: nothing is counted; there is room when the next one may go. */
  gate: 5,
  /** Connections to unproven sites above the global limit, while others hang. */
  overflow: 6,
  /** Grants of any kind: has no room while grants are paused. */
  pause: 7,
  /** The delivery windows of a schedule: there is room while one is open. */
  hours: 8,
} as const;

/** How many kinds of counters there are. */
export const dimensions = 9;

export class CounterStore {
  /** Slots taken, those of idle and closing connections included. */
  readonly used = new Int32Column();
  readonly limit = new Int32Column();
  /** Slots of connections that were told to close: they become free by themselves. */
  readonly closing = new Int32Column();
  readonly dimension = new Uint8Column();
  /** Row of the store that the counter belongs to: a window or a rate; -1: none. */
  readonly owner = new Int32Column();
  /** Routes parked on this counter: the line of `Parking` whose turn it is; -1: none. */
  readonly line = new Int32Column();
  readonly parked = new Int32Column();
  /** The slots of idle connections, longest idle first: a list of `HoldStore`; -1: none. */
  readonly firstIdle = new Int32Column();
  /** How many rows of other stores name this counter. */
  readonly references = new Int32Column();
  /** Counters that may have room for a parked route; `run` empties the list. */
  readonly freed = new RowList();
  readonly #isFreed = new Uint8Column();
  readonly #limits: (AppliedLimit | undefined)[] = [];
  readonly #keys: readonly KeyIndex[] = Array.from({ length: dimensions }, () => new KeyIndex());
  readonly #unused = new RowList();
  readonly #slots = new Slots(this.line, [
    this.used,
    this.limit,
    this.closing,
    this.dimension,
    this.owner,
    this.parked,
    this.firstIdle,
    this.references,
    this.#isFreed,
  ]);

  get live(): number {
    return this.#slots.live;
  }

  /** The counter of a key; -1 if there is none, which means that nothing is used. */
  find(dimension: number, key: string): number {
    return this.#keys[dimension]?.find(key) ?? -1;
  }

  /** @param applied - the limit that the counter counts for, where it is one */
  open(dimension: number, key: string, limit: number, applied?: AppliedLimit): number {
    const counter = this.#slots.take();
    this.used.set(counter, 0);
    this.limit.set(counter, limit);
    this.closing.set(counter, 0);
    this.dimension.set(counter, dimension);
    this.owner.set(counter, -1);
    this.#limits[counter] = applied;
    this.line.set(counter, -1);
    this.parked.set(counter, 0);
    this.firstIdle.set(counter, -1);
    this.references.set(counter, 0);
    this.#isFreed.set(counter, 0);
    this.#keys[dimension]?.add(key, counter);
    return counter;
  }

  hasRoom(counter: number): boolean {
    return this.used.get(counter) < this.limit.get(counter);
  }

  /** Do more routes wait for slots than will be free when the connections that are closing have closed? */
  lacksSlots(counter: number): boolean {
    const staying = this.used.get(counter) - this.closing.get(counter);
    return this.parked.get(counter) > this.limit.get(counter) - staying;
  }

  /** Takes a slot; the caller has seen that there is room. */
  reserve(counter: number): void {
    invariant(this.hasRoom(counter), `counter ${counter} exceeds its limit`);
    this.used.add(counter, 1);
  }

  /** Takes a slot for a connection that is open already, even when there is no room. */
  count(counter: number): void {
    this.used.add(counter, 1);
  }

  release(counter: number): void {
    const used = this.used.add(counter, -1);
    invariant(used >= 0, `counter ${counter} is released more often than reserved`);
    this.#changed(counter);
  }

  setLimit(counter: number, limit: number): void {
    this.limit.set(counter, limit);
    this.#changed(counter);
  }

  /** To be called when a row that named this counter, or a route that waited for it, is gone: it may have been the last. */
  mayBeUnused(counter: number): void {
    if (this.#isUnused(counter)) this.#unused.push(counter);
  }

  /** Takes the counter at this place out of `freed`. */
  forgetFreed(at: number): void {
    this.#isFreed.set(this.freed.take(at), 0);
  }

  /** Forgets the counters that are not used any more. Never called while a caller is about to use a counter. */
  sweep(): void {
    for (let counter = this.#unused.pop(); counter >= 0; counter = this.#unused.pop()) {
      if (!this.#isUnused(counter)) continue;
      this.#keys[this.dimension.get(counter)]?.remove(counter);
      this.#limits[counter] = undefined;
      this.limit.set(counter, -1);
      this.#slots.give(counter);
    }
  }

  /** Calls `visit` for every counter of a dimension. */
  eachOf(dimension: number, visit: (counter: number) => void): void {
    this.#keys[dimension]?.each(visit);
  }

  keyOf(counter: number): string {
    return this.#keys[this.dimension.get(counter)]?.keyOf(counter) ?? '';
  }

  /** The limit that the counter counts for; undefined for the scheduler's own counters. */
  limitOf(counter: number): AppliedLimit | undefined {
    return this.#limits[counter];
  }

  /** Replaces the limit by one with the same id and other numbers. */
  setApplied(counter: number, applied: AppliedLimit): void {
    this.#limits[counter] = applied;
  }

  #changed(counter: number): void {
    if (this.line.get(counter) >= 0) {
      if (this.#isFreed.get(counter) === 0 && this.hasRoom(counter)) {
        this.#isFreed.set(counter, 1);
        this.freed.push(counter);
      }
    } else {
      this.mayBeUnused(counter);
    }
  }

  #isUnused(counter: number): boolean {
    return (
      this.used.get(counter) === 0 &&
      this.limit.get(counter) !== -1 &&
      this.references.get(counter) === 0 &&
      this.line.get(counter) < 0
    );
  }
}
