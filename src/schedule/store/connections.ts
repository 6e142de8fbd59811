// Connections, from the grant to the close: the address, the slots that each holds, its task, and how long it is idle.

import { Float64Column, Int32Column, Uint8Column } from './columns.ts';
import { Dimension, type CounterStore } from './counters.ts';
import { HoldStore } from './holds.ts';
import type { Place } from './place.ts';
import { RowChain } from './row-chain.ts';
import type { RowList } from './row-list.ts';
import { invariant } from '../scheduler-error.ts';
import { Slots } from './slots.ts';
import { UnansweredConnections } from './unanswered.ts';

export const ConnectionState = { free: 0, connecting: 1, busy: 2, idle: 3, closing: 4 } as const;

export class ConnectionStore {
  readonly #counters: CounterStore;
  readonly holds: HoldStore;
  readonly state = new Uint8Column();
  readonly site = new Int32Column();
  readonly address = new Int32Column();
  /** The task that is in flight on it; -1: none. */
  readonly task = new Int32Column();
  /** Transactions granted so far. */
  readonly transactions = new Int32Column();
  readonly openedAtMs = new Float64Column();
  readonly idleSinceMs = new Float64Column();
  /** The number of transactions after which it is closed. */
  readonly mostTransactions = new Int32Column();
  /** Unix ms of the last grant. */
  readonly grantedAtMs = new Float64Column();
  /** The route of its last task; -1 before the first. */
  readonly route = new Int32Column();
  readonly #places: (Place | undefined)[] = [];
  /** First hold; -1: none. */
  readonly firstHold = new Int32Column();
  /**
   * First hold of the previous transaction that the current one does not need; -1: none. The server counts the connection
   * for the previous transaction until it hears of the next one, and a slow sender may tell it late.
   */
  readonly firstFormer = new Int32Column();
  /** All idle connections, longest idle first. */
  readonly idle = new RowChain();
  /** The idle connections of each site, shortest idle first. */
  readonly siteIdle = new RowChain();
  readonly unanswered = new UnansweredConnections();
  #firstIdle = -1;
  readonly #slots = new Slots(this.firstHold, [
    this.firstFormer,
    this.state,
    this.site,
    this.address,
    this.task,
    this.transactions,
    this.mostTransactions,
    this.grantedAtMs,
    this.route,
    this.openedAtMs,
    this.idleSinceMs,
    this.idle.next,
    this.idle.previous,
    this.siteIdle.next,
    this.siteIdle.previous,
    this.unanswered.waiting.next,
    this.unanswered.waiting.previous,
    this.unanswered.hanging,
    this.unanswered.givenUp,
  ]);

  constructor(counters: CounterStore) {
    this.#counters = counters;
    this.holds = new HoldStore(counters);
  }

  get live(): number {
    return this.#slots.live;
  }

  get end(): number {
    return this.#slots.end;
  }

  /** The connection that has been idle longest; -1: none. */
  get longestIdle(): number {
    return this.#firstIdle;
  }

  isLive(connection: number): boolean {
    return (
      connection >= 0 && connection < this.#slots.end && this.state.get(connection) !== ConnectionState.free
    );
  }

  /** Where the connection goes, and from which source. */
  placeOf(connection: number): Place {
    const place = this.#places[connection];
    invariant(place !== undefined, 'a connection to nowhere');
    return place;
  }

  setPlace(connection: number, place: Place): void {
    this.#places[connection] = place;
  }

  open(site: number, place: Place, address: number, task: number, nowMs: number): number {
    const connection = this.#slots.take();
    this.state.set(connection, ConnectionState.connecting);
    this.site.set(connection, site);
    this.address.set(connection, address);
    this.task.set(connection, task);
    this.transactions.set(connection, 1);
    this.openedAtMs.set(connection, nowMs);
    this.#places[connection] = place;
    this.route.set(connection, -1);
    this.firstHold.set(connection, -1);
    this.firstFormer.set(connection, -1);
    return connection;
  }

  /** Frees the connection and all its slots. */
  free(connection: number): void {
    this.dropFormer(connection);
    const closing = this.state.get(connection) === ConnectionState.closing;
    let hold = this.firstHold.get(connection);
    while (hold >= 0) {
      const next = this.holds.next.get(hold);
      if (closing) this.#counters.closing.add(this.holds.counter.get(hold), -1);
      this.holds.drop(hold);
      hold = next;
    }
    this.#places[connection] = undefined;
    this.state.set(connection, ConnectionState.free);
    this.#slots.give(connection);
  }

  reserve(connection: number, counter: number): void {
    this.firstHold.set(connection, this.holds.add(this.firstHold.get(connection), connection, counter));
  }

  /** The counter of a dimension that it holds a slot of; -1: none. */
  heldOf(connection: number, dimension: number): number {
    for (let hold = this.firstHold.get(connection); hold >= 0; hold = this.holds.next.get(hold)) {
      const counter = this.holds.counter.get(hold);
      if (this.#counters.dimension.get(counter) === dimension) return counter;
    }
    return -1;
  }

  doesHold(connection: number, counter: number): boolean {
    for (let hold = this.firstHold.get(connection); hold >= 0; hold = this.holds.next.get(hold)) {
      if (this.holds.counter.get(hold) === counter) return true;
    }
    return false;
  }

  /** Reserves limits that newly apply to an open connection, even where there is no room. */
  recount(connection: number, counters: readonly number[]): void {
    const state = this.state.get(connection);
    for (const counter of counters) {
      if (this.doesHold(connection, counter)) continue;
      const hold = this.holds.count(this.firstHold.get(connection), connection, counter);
      this.firstHold.set(connection, hold);
      if (state === ConnectionState.idle) this.holds.addToIdle(hold);
      if (state === ConnectionState.closing) this.#counters.closing.add(counter, 1);
    }
  }

  /** Releases the slots of one dimension, except those of the counters in `kept`. */
  releaseDimension(connection: number, dimension: number, kept: RowList | undefined): void {
    const { holds } = this;
    let previous = -1;
    let hold = this.firstHold.get(connection);
    while (hold >= 0) {
      const next = holds.next.get(hold);
      const counter = holds.counter.get(hold);
      if (this.#counters.dimension.get(counter) === dimension && kept?.includes(counter) !== true) {
        if (previous < 0) this.firstHold.set(connection, next);
        else holds.next.set(previous, next);
        const state = this.state.get(connection);
        if (state === ConnectionState.idle) holds.removeFromIdle(hold);
        if (state === ConnectionState.closing) this.#counters.closing.add(counter, -1);
        holds.drop(hold);
      } else {
        previous = hold;
      }
      hold = next;
    }
  }

  /** Moves the slots of one dimension of a busy connection to the former ones, except those of the counters in `kept`. */
  makeFormer(connection: number, dimension: number, kept: RowList): void {
    const { holds, firstFormer } = this;
    let previous = -1;
    let hold = this.firstHold.get(connection);
    while (hold >= 0) {
      const next = holds.next.get(hold);
      const counter = holds.counter.get(hold);
      if (this.#counters.dimension.get(counter) === dimension && !kept.includes(counter)) {
        if (previous < 0) this.firstHold.set(connection, next);
        else holds.next.set(previous, next);
        holds.next.set(hold, firstFormer.get(connection));
        firstFormer.set(connection, hold);
      } else {
        previous = hold;
      }
      hold = next;
    }
  }

  /** Releases the former slots: the server has heard of the current transaction. */
  dropFormer(connection: number): void {
    let hold = this.firstFormer.get(connection);
    if (hold < 0) return;
    this.firstFormer.set(connection, -1);
    while (hold >= 0) {
      const next = this.holds.next.get(hold);
      this.holds.drop(hold);
      hold = next;
    }
  }

  /** True when one of its limits is exceeded, because it was lowered: the connection has to close before others may open. */
  isOverLimit(connection: number): boolean {
    const counters = this.#counters;
    for (let hold = this.firstHold.get(connection); hold >= 0; hold = this.holds.next.get(hold)) {
      const counter = this.holds.counter.get(hold);
      const staying = counters.used.get(counter) - counters.closing.get(counter);
      if (staying > counters.limit.get(counter) && counters.dimension.get(counter) !== Dimension.probe)
        return true;
    }
    return false;
  }

  markIdle(connection: number, nowMs: number): void {
    this.state.set(connection, ConnectionState.idle);
    this.idleSinceMs.set(connection, nowMs);
    this.#firstIdle = this.idle.append(this.#firstIdle, connection);
    for (let hold = this.firstHold.get(connection); hold >= 0; hold = this.holds.next.get(hold)) {
      this.holds.addToIdle(hold);
    }
  }

  /** Takes an idle connection out of the idle lists; the caller sets its new state. */
  removeFromIdle(connection: number): void {
    this.#firstIdle = this.idle.remove(this.#firstIdle, connection);
    for (let hold = this.firstHold.get(connection); hold >= 0; hold = this.holds.next.get(hold)) {
      this.holds.removeFromIdle(hold);
    }
  }

  /** From now on its slots count as those that will be free soon. */
  markClosing(connection: number): void {
    this.state.set(connection, ConnectionState.closing);
    for (let hold = this.firstHold.get(connection); hold >= 0; hold = this.holds.next.get(hold)) {
      this.#counters.closing.add(this.holds.counter.get(hold), 1);
    }
  }
}
