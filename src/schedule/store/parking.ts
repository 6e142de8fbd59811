// Parked routes: each waits on every counter that could let it go on, and costs nothing until one has room.
// A route with several addresses of equal preference, all full, waits on all of them. On each counter the routes of one
// tenant stand in one line, first come first, and the lines take turns.

import { Int32Column, Uint16Column, Uint8Column } from './columns.ts';
import type { CounterStore } from './counters.ts';
import type { RowList } from './row-list.ts';
import { aliveMark, type TenantNames } from './tenant-names.ts';
import { Slots } from './slots.ts';
import { Turns } from './turns.ts';

/** Counters that became free together and are compared by age. */
const comparedCounters = 16;

export class Parking {
  readonly #counters: CounterStore;
  readonly turns: Turns;
  /** First node of each route; -1: not parked. Grows with the rows of the routes. */
  readonly first = new Int32Column();
  /** When the route was first blocked since its last grant: a number that goes up; 0: not blocked. Grows alike. */
  readonly since = new Int32Column();
  /** Number of the tenant that the route belongs to. Grows alike. */
  readonly tenant = new Uint16Column();
  /** 1: it is parked as one whose site is alive. Grows alike. */
  readonly isAlive = new Uint8Column();
  /** The counter where sites that are alive go before those that nobody knows yet. */
  readonly #contended: () => number;
  #blocked = 0;
  readonly #routeNext = new Int32Column();
  readonly #route = new Int32Column();
  readonly #counter = new Int32Column();
  readonly #next = new Int32Column();
  readonly #previous = new Int32Column();
  readonly #slots = new Slots(this.#routeNext, [this.#route, this.#counter, this.#next, this.#previous]);

  /** @param contended - the counter of all connections */
  constructor(counters: CounterStore, tenants: TenantNames, contended: () => number) {
    this.#counters = counters;
    this.#contended = contended;
    this.turns = new Turns(tenants, counters.line);
  }

  /** Nodes in use. */
  get live(): number {
    return this.#slots.live;
  }

  isParked(route: number): boolean {
    return this.first.get(route) >= 0;
  }

  /** Parks a route on these counters, as the last or first of each; keeps its places when it is parked on just these. */
  park(route: number, counters: RowList, first: boolean, isAlive: boolean): void {
    if (this.#isParkedOn(route, counters)) return;
    this.unpark(route);
    this.isAlive.set(route, isAlive ? 1 : 0);
    if (this.since.get(route) === 0) this.since.set(route, this.#nextNumber());
    for (let at = 0; at < counters.length; at++) this.#add(route, counters.at(at), first);
  }

  unpark(route: number): void {
    let node = this.first.get(route);
    while (node >= 0) {
      const after = this.#routeNext.get(node);
      this.#remove(node);
      node = after;
    }
    this.first.set(route, -1);
  }

  /** A parked route was granted something and keeps its places: it has waited from now on. */
  renew(route: number): void {
    this.since.set(route, this.#nextNumber());
  }

  /** The route that has waited longest on this counter, of the tenant whose turn it is. */
  firstRouteOf(counter: number): number {
    const line = this.#counters.line.get(counter);
    return line < 0 ? -1 : this.#route.get(this.turns.first.get(line));
  }

  /**
   * Of the counters that became free, one whose first parked route has waited longest of all; -1: none. What two
   * counters let go at once (a connection and its address, say) so goes to the eldest of either. Counters without room,
   * or without a route that waits, are dropped and handed to `dropped`. When very many became free at once, only the last
   * few are compared: there is room for all then.
   */
  nextFreed(dropped: (counter: number) => void): number {
    const counters = this.#counters;
    const { freed } = counters;
    while (freed.length > 0) {
      let eldest = -1;
      for (let at = freed.length - 1; at >= 0 && at >= freed.length - comparedCounters; at--) {
        const counter = freed.at(at);
        const route = this.firstRouteOf(counter);
        if (route < 0 || !counters.hasRoom(counter)) {
          counters.forgetFreed(at);
          dropped(counter);
        } else if (eldest < 0 || this.#isElder(route, this.firstRouteOf(eldest))) {
          eldest = counter;
        }
      }
      if (eldest >= 0) return eldest;
    }
    return -1;
  }

  /** Do others wait in a line of routes? */
  hasOthers(line: number): boolean {
    return this.turns.first.get(line) !== this.turns.last.get(line);
  }

  /** The counters that a route waits on. */
  countersOf(route: number): number[] {
    const counters: number[] = [];
    for (let node = this.first.get(route); node >= 0; node = this.#routeNext.get(node)) {
      counters.push(this.#counter.get(node));
    }
    return counters;
  }

  /** Numbers wrap around; differences still tell which came first. */
  #isElder(route: number, other: number): boolean {
    return ((this.since.get(route) - this.since.get(other)) | 0) < 0;
  }

  #nextNumber(): number {
    this.#blocked = (this.#blocked + 1) | 0;
    if (this.#blocked === 0) this.#blocked = 1;
    return this.#blocked;
  }

  #isParkedOn(route: number, counters: RowList): boolean {
    let node = this.first.get(route);
    // Nodes are chained in reverse.
    for (let at = counters.length - 1; at >= 0; at--) {
      if (node < 0 || this.#counter.get(node) !== counters.at(at)) return false;
      node = this.#routeNext.get(node);
    }
    return node < 0;
  }

  #add(route: number, counter: number, first: boolean): void {
    const counters = this.#counters;
    const { turns } = this;
    const node = this.#slots.take();
    const line = turns.open(counter, this.#lineOf(route, counter));
    const next = first ? turns.first.get(line) : -1;
    const previous = first ? -1 : turns.last.get(line);
    this.#route.set(node, route);
    this.#counter.set(node, counter);
    this.#previous.set(node, previous);
    this.#next.set(node, next);
    if (previous < 0) turns.first.set(line, node);
    else this.#next.set(previous, node);
    if (next < 0) turns.last.set(line, node);
    else this.#previous.set(next, node);
    counters.parked.add(counter, 1);
    this.#routeNext.set(node, this.first.get(route));
    this.first.set(route, node);
  }

  #remove(node: number): void {
    const counters = this.#counters;
    const counter = this.#counter.get(node);
    const previous = this.#previous.get(node);
    const next = this.#next.get(node);
    if (previous >= 0) this.#next.set(previous, next);
    if (next >= 0) this.#previous.set(next, previous);
    if (previous < 0 || next < 0) this.#endOfLine(node, counter, previous, next);
    counters.parked.add(counter, -1);
    counters.mayBeUnused(counter);
    this.#slots.give(node);
  }

  #lineOf(route: number, counter: number): number {
    const isMarked = counter === this.#contended() && this.isAlive.get(route) !== 0;
    return this.tenant.get(route) | (isMarked ? aliveMark : 0);
  }

  /** A node at the beginning or end of its line leaves it. */
  #endOfLine(node: number, counter: number, previous: number, next: number): void {
    const { turns } = this;
    const line = turns.find(counter, this.#lineOf(this.#route.get(node), counter));
    if (previous < 0) turns.first.set(line, next);
    if (next < 0) turns.last.set(line, previous);
    if (previous < 0 && next < 0) turns.close(counter, line);
  }
}
