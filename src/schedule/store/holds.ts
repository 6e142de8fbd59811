// Holds: the slots that each connection has reserved, one node per connection and counter. The holds of idle connections
// are chained in their counters, so that the longest idle one that blocks a route is found at once.

import { Int32Column } from './columns.ts';
import type { CounterStore } from './counters.ts';
import { RowChain } from './row-chain.ts';
import { Slots } from './slots.ts';

export class HoldStore {
  readonly #counters: CounterStore;
  /** Next hold of the same connection; -1: the last. */
  readonly next = new Int32Column();
  readonly counter = new Int32Column();
  readonly connection = new Int32Column();
  /** For limits that look at the message: the number of the connection's last transaction that needs the slot; else 0. */
  readonly neededBy = new Int32Column();
  /** The holds of idle connections in the list of their counter, longest idle first. */
  readonly #idle = new RowChain();
  readonly #slots = new Slots(this.next, [
    this.counter,
    this.connection,
    this.neededBy,
    this.#idle.next,
    this.#idle.previous,
  ]);

  constructor(counters: CounterStore) {
    this.#counters = counters;
  }

  get live(): number {
    return this.#slots.live;
  }

  /** Takes a slot of `counter` and returns the new head of the connection's list. */
  add(first: number, connection: number, counter: number, neededBy: number): number {
    this.#counters.reserve(counter);
    return this.#put(first, connection, counter, neededBy);
  }

  /** The same for a connection that is open already, even when there is no room. */
  count(first: number, connection: number, counter: number, neededBy: number): number {
    this.#counters.count(counter);
    return this.#put(first, connection, counter, neededBy);
  }

  #put(first: number, connection: number, counter: number, neededBy: number): number {
    const hold = this.#slots.take();
    this.next.set(hold, first);
    this.counter.set(hold, counter);
    this.connection.set(hold, connection);
    this.neededBy.set(hold, neededBy);
    return hold;
  }

  /** Frees the slot; the caller has taken the hold out of the connection's list. */
  drop(hold: number): void {
    this.#counters.release(this.counter.get(hold));
    this.#slots.give(hold);
  }

  /** The connection of this hold is idle from now on. */
  addToIdle(hold: number): void {
    const { firstIdle } = this.#counters;
    const counter = this.counter.get(hold);
    firstIdle.set(counter, this.#idle.append(firstIdle.get(counter), hold));
  }

  /** The connection of this hold is idle no longer. */
  removeFromIdle(hold: number): void {
    const { firstIdle } = this.#counters;
    const counter = this.counter.get(hold);
    firstIdle.set(counter, this.#idle.remove(firstIdle.get(counter), hold));
  }
}
