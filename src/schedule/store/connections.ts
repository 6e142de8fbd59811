// Connections, from the grant to the close: the address, the slots that each holds, the transactions that are on the way on it,
// and how long it is idle.

import { Float64Column, Int32Column, Uint8Column } from './columns.ts';
import { Dimension, type CounterStore } from './counters.ts';
import { HoldStore } from './holds.ts';
import type { Place } from './place.ts';
import { RowChain } from './row-chain.ts';
import { invariant } from '../scheduler-error.ts';
import { Slots } from './slots.ts';
import { UnansweredConnections } from './unanswered.ts';

/** No transaction has a number above this one. */
const noTransaction = 0x7fff_ffff;

/** `visiting`: it brings no mail. */
export const ConnectionState = {
  free: 0,
  connecting: 1,
  busy: 2,
  idle: 3,
  closing: 4,
  visiting: 5,
} as const;

export class ConnectionStore {
  readonly #counters: CounterStore;
  readonly holds: HoldStore;
  readonly state = new Uint8Column();
  readonly site = new Int32Column();
  readonly address = new Int32Column();
  /** The oldest transaction that is on the way; -1: none. A list of `TaskStore.queue`, in the order of the grants. */
  readonly firstTask = new Int32Column();
  /** How many transactions are on the way: granted, and without results. */
  readonly onTheWay = new Int32Column();
  /** How many may be. */
  readonly depth = new Uint8Column();
  /** Transactions granted so far. */
  readonly transactions = new Int32Column();
  readonly openedAtMs = new Float64Column();
  readonly idleSinceMs = new Float64Column();
  /** The number of transactions after which it is closed. */
  readonly mostTransactions = new Int32Column();
  /** When the server was last heard of: it became ready, or a transaction had its results. */
  readonly heardAtMs = new Float64Column();
  /** 1: its last transaction had its results soon. Known where several may be on the way. */
  readonly isQuick = new Uint8Column();
  /** The route of its last task; -1 before the first. */
  readonly route = new Int32Column();
  readonly #places: (Place | undefined)[] = [];
  /** First hold; -1: none. */
  readonly firstHold = new Int32Column();
  /** All idle connections, longest idle first. */
  readonly idle = new RowChain();
  /** The connections of each site that can take a transaction: the idle ones, shortest idle first, and the lists of `SiteStore.firstWithRoom`. */
  readonly siteUsable = new RowChain();
  /** Which of the lists of `SiteStore.firstWithRoom` it is in; 0: none. */
  readonly roomList = new Uint8Column();
  readonly unanswered = new UnansweredConnections();
  #firstIdle = -1;
  readonly #slots = new Slots(this.firstHold, [
    this.state,
    this.site,
    this.address,
    this.firstTask,
    this.onTheWay,
    this.depth,
    this.roomList,
    this.transactions,
    this.mostTransactions,
    this.heardAtMs,
    this.isQuick,
    this.route,
    this.openedAtMs,
    this.idleSinceMs,
    this.idle.next,
    this.idle.previous,
    this.siteUsable.next,
    this.siteUsable.previous,
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

  open(site: number, place: Place, address: number, nowMs: number): number {
    const connection = this.#slots.take();
    this.state.set(connection, ConnectionState.connecting);
    this.site.set(connection, site);
    this.address.set(connection, address);
    this.firstTask.set(connection, -1);
    this.onTheWay.set(connection, 0);
    this.depth.set(connection, 1);
    this.roomList.set(connection, 0);
    this.isQuick.set(connection, 0);
    this.transactions.set(connection, 1);
    this.openedAtMs.set(connection, nowMs);
    this.heardAtMs.set(connection, nowMs);
    this.#places[connection] = place;
    this.route.set(connection, -1);
    this.firstHold.set(connection, -1);
    return connection;
  }

  /** Frees the connection and all its slots. */
  free(connection: number): void {
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
    this.firstHold.set(connection, this.holds.add(this.firstHold.get(connection), connection, counter, 0));
  }

  /** Takes a slot that the transaction of this number needs; one that the connection holds already is kept for it, too. */
  reserveFor(connection: number, counter: number, transaction: number): void {
    const { firstHold, holds } = this;
    const held = this.#holdOf(connection, counter);
    if (held >= 0) holds.neededBy.set(held, transaction);
    else firstHold.set(connection, holds.add(firstHold.get(connection), connection, counter, transaction));
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
    return this.#holdOf(connection, counter) >= 0;
  }

  #holdOf(connection: number, counter: number): number {
    let hold = this.firstHold.get(connection);
    while (hold >= 0 && this.holds.counter.get(hold) !== counter) hold = this.holds.next.get(hold);
    return hold;
  }

  /**
   * Reserves limits that newly apply to an open connection, even where there is no room.
   * @param transaction - the number of the one that needs them; 0: they look at the place alone
   */
  recount(connection: number, counters: readonly number[], transaction = 0): void {
    const state = this.state.get(connection);
    for (const counter of counters) {
      const held = this.#holdOf(connection, counter);
      if (held >= 0) {
        this.holds.neededBy.set(held, transaction);
        continue;
      }
      const hold = this.holds.count(this.firstHold.get(connection), connection, counter, transaction);
      this.firstHold.set(connection, hold);
      if (state === ConnectionState.idle) this.holds.addToIdle(hold);
      if (state === ConnectionState.closing) this.#counters.closing.add(counter, 1);
    }
  }

  /** Releases the slots of one dimension. */
  releaseDimension(connection: number, dimension: number): void {
    this.#release(connection, dimension, 0, noTransaction);
  }

  /**
   * The transaction of this number has its results: releases what only earlier ones needed. The server counts the connection
   * for those until it hears of this one, and a slow sender may tell it late.
   */
  releaseFormer(connection: number, transaction: number): void {
    this.#release(connection, Dimension.task, 1, transaction - 1);
  }

  /** Releases what the transaction of this number needs, or one behind it. */
  releaseSince(connection: number, transaction: number): void {
    this.#release(connection, Dimension.task, transaction, noTransaction);
  }

  /** Releases the slots of one dimension whose last transaction has a number from `least` to `most`. */
  #release(connection: number, dimension: number, least: number, most: number): void {
    const { holds } = this;
    let previous = -1;
    let hold = this.firstHold.get(connection);
    while (hold >= 0) {
      const next = holds.next.get(hold);
      const counter = holds.counter.get(hold);
      const neededBy = holds.neededBy.get(hold);
      if (this.#counters.dimension.get(counter) === dimension && neededBy >= least && neededBy <= most) {
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
