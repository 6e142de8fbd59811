// Parked routes: each waits on every counter that could let it go on, and costs nothing until one of them has room.
// A route whose addresses of equal preference are all full waits on all of them. On each counter the routes of one
// tenant stand in one line, first come first, and the lines take turns.

import { Int32Column, Uint16Column } from './columns.ts';
import type { CounterStore } from './counters.ts';
import { RowChain } from './row-chain.ts';
import type { RowList } from './row-list.ts';
import { establishedMark, type TenantNames } from './tenant-names.ts';
import { Slots } from './slots.ts';
import { Turns } from './turns.ts';

/** Of the counters that became free together, so many are compared by the age of their routes. */
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
  /** The counter where routes to established sites go before those to unproven ones. */
  readonly #contended: () => number;
  #blocked = 0;
  /** A node stands for one route in one line. */
  readonly #route = new Int32Column();
  readonly #line = new Int32Column();
  /** The next node of the same route; -1: the last. */
  readonly #routeNext = new Int32Column();
  /** The nodes of each line in a list, in the order of their turns. */
  readonly #nodes = new RowChain();
  readonly #slots = new Slots(this.#routeNext, [
    this.#route,
    this.#line,
    this.#nodes.next,
    this.#nodes.previous,
  ]);

  /** @param contended - the global counter */
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

  /**
   * Parks a route on these counters, as the last or first of its tenant on each. A route that is parked on just these
   * keeps its places.
   * @param isEstablished - its site has an established connection
   */
  park(route: number, counters: RowList, first: boolean, isEstablished: boolean): void {
    if (this.#isParkedOn(route, counters)) return;
    this.unpark(route);
    if (this.since.get(route) === 0) this.since.set(route, this.#nextNumber());
    for (let at = 0; at < counters.length; at++) this.#add(route, counters.at(at), first, isEstablished);
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

  /** A parked route got a grant and keeps its places: its waiting time starts anew. */
  renew(route: number): void {
    this.since.set(route, this.#nextNumber());
  }

  /** The first route on this counter of the tenant whose turn it is; -1: none. */
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

  /** Do several routes wait in this line? */
  hasOthers(line: number): boolean {
    return this.#nodes.next.get(this.turns.first.get(line)) >= 0;
  }

  /** The counters that a route waits on. */
  countersOf(route: number): number[] {
    const counters: number[] = [];
    for (let node = this.first.get(route); node >= 0; node = this.#routeNext.get(node)) {
      counters.push(this.#counterOf(node));
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
      if (node < 0 || this.#counterOf(node) !== counters.at(at)) return false;
      node = this.#routeNext.get(node);
    }
    return node < 0;
  }

  #add(route: number, counter: number, first: boolean, isEstablished: boolean): void {
    const { turns } = this;
    const node = this.#slots.take();
    const isMarked = isEstablished && counter === this.#contended();
    const line = turns.open(counter, this.tenant.get(route) | (isMarked ? establishedMark : 0));
    const head = turns.first.get(line);
    turns.first.set(line, first ? this.#nodes.prepend(head, node) : this.#nodes.append(head, node));
    this.#route.set(node, route);
    this.#line.set(node, line);
    this.#counters.parked.add(counter, 1);
    this.#routeNext.set(node, this.first.get(route));
    this.first.set(route, node);
  }

  #remove(node: number): void {
    const counters = this.#counters;
    const { turns } = this;
    const line = this.#line.get(node);
    const counter = turns.owner.get(line);
    const head = this.#nodes.remove(turns.first.get(line), node);
    turns.first.set(line, head);
    if (head < 0) turns.close(line);
    counters.parked.add(counter, -1);
    counters.mayBeUnused(counter);
    this.#slots.give(node);
  }

  #counterOf(node: number): number {
    return this.turns.owner.get(this.#line.get(node));
  }
}
