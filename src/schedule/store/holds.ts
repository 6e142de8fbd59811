// Holds: the slots that each connection has reserved, one node per connection and counter. The holds of idle connections
// are chained in their counters, so that the longest idle one that blocks a route is found at once.

import { Int32Column } from './columns.ts';
import type { CounterStore } from './counters.ts';
import { Slots } from './slots.ts';

export class HoldStore {
  readonly #counters: CounterStore;
  /** Next hold of the same connection; -1: the last. */
  readonly next = new Int32Column();
  readonly counter = new Int32Column();
  readonly connection = new Int32Column();
  readonly #idleNext = new Int32Column();
  readonly #idlePrevious = new Int32Column();
  readonly #slots = new Slots(this.next, [this.counter, this.connection, this.#idleNext, this.#idlePrevious]);

  constructor(counters: CounterStore) {
    this.#counters = counters;
  }

  get live(): number {
    return this.#slots.live;
  }

  /** Takes a slot of `counter` and returns the new head of the connection's list. */
  add(first: number, connection: number, counter: number): number {
    this.#counters.reserve(counter);
    return this.#chain(first, connection, counter);
  }

  /** The same for a connection that is there already, even when there is no room. */
  count(first: number, connection: number, counter: number): number {
    this.#counters.count(counter);
    return this.#chain(first, connection, counter);
  }

  #chain(first: number, connection: number, counter: number): number {
    const hold = this.#slots.take();
    this.next.set(hold, first);
    this.counter.set(hold, counter);
    this.connection.set(hold, connection);
    return hold;
  }

  /** Frees the slot; the caller has taken the hold out of the connection's list. */
  drop(hold: number): void {
    this.#counters.release(this.counter.get(hold));
    this.#slots.give(hold);
  }

  /** The connection of this hold is idle from now on. */
  becameIdle(hold: number): void {
    const counters = this.#counters;
    const counter = this.counter.get(hold);
    const last = counters.lastIdle.get(counter);
    this.#idlePrevious.set(hold, last);
    this.#idleNext.set(hold, -1);
    if (last < 0) counters.firstIdle.set(counter, hold);
    else this.#idleNext.set(last, hold);
    counters.lastIdle.set(counter, hold);
  }

  /** The connection of this hold was idle until now. */
  wasIdle(hold: number): void {
    const counters = this.#counters;
    const counter = this.counter.get(hold);
    const previous = this.#idlePrevious.get(hold);
    const next = this.#idleNext.get(hold);
    if (previous < 0) counters.firstIdle.set(counter, next);
    else this.#idleNext.set(previous, next);
    if (next < 0) counters.lastIdle.set(counter, previous);
    else this.#idlePrevious.set(next, previous);
  }
}
