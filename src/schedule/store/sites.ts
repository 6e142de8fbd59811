// Sites: next hops that share connections. A site lives as long as a valid plan or a connection names it. Domains of one site have
// rows of their own where their TLS policies differ: then they share limits and windows, which count by the site's name, and no connection.

import type { RelayPlan } from '../../route/types.ts';
import { Int32Column } from './columns.ts';
import type { ConnectionStore } from './connections.ts';
import { invariant } from '../scheduler-error.ts';
import type { RouteStore } from './routes.ts';
import { KeyIndex } from './key-index.ts';
import type { Place } from './place.ts';
import type { TenantNames } from './tenant-names.ts';
import { Slots } from './slots.ts';
import { Turns } from './turns.ts';

/** Busy connections with room are kept in so many lists, by the number of their transactions on the way. */
export const roomLists = 4;

export class SiteStore {
  readonly #routes: RouteStore;
  readonly #connections: ConnectionStore;
  /** Routes and connections that name this site. */
  readonly references = new Int32Column();
  readonly connections = new Int32Column();
  /** Established connections: greeting and EHLO are done. */
  readonly established = new Int32Column();
  /** Its shortest idle connection; -1: none. */
  readonly firstIdle = new Int32Column();
  /** How many of its busy connections have room for another transaction. */
  readonly withRoom = new Int32Column();
  /** The first of them with one transaction on the way, with two, and so on; the last list has those with more, too; -1: none. */
  readonly firstWithRoom: readonly Int32Column[] = Array.from({ length: roomLists }, () => new Int32Column());
  /** The line of routes that wait for an idle connection and whose turn it is; -1: none. */
  readonly line = new Int32Column();
  readonly turns: Turns;
  /** The places of the site, while it has work or connections. */
  readonly places = new Map<number, readonly Place[]>();
  readonly #plans: (RelayPlan | undefined)[] = [];
  readonly #keys = new KeyIndex();
  readonly #slots = new Slots(this.line, [
    this.references,
    this.connections,
    this.established,
    this.firstIdle,
    this.withRoom,
    ...this.firstWithRoom,
  ]);

  constructor(routes: RouteStore, connections: ConnectionStore, tenants: TenantNames) {
    this.turns = new Turns(tenants, this.line);
    this.#routes = routes;
    this.#connections = connections;
  }

  get live(): number {
    return this.#slots.live;
  }

  /** Calls `visit` for every site. */
  each(visit: (site: number) => void): void {
    this.#keys.each(visit);
  }

  /** The site of a plan, made if it is new; the newest plan's addresses count. */
  intern(plan: RelayPlan): number {
    const key = rowKey(plan);
    let site = this.#keys.find(key);
    if (site < 0) {
      site = this.#slots.take();
      this.references.set(site, 0);
      this.connections.set(site, 0);
      this.established.set(site, 0);
      this.firstIdle.set(site, -1);
      this.withRoom.set(site, 0);
      for (const first of this.firstWithRoom) first.set(site, -1);
      this.line.set(site, -1);
      this.#keys.add(key, site);
    }
    this.#plans[site] = plan;
    return site;
  }

  /** Forgets a site that no route and no connection names. */
  forget(site: number): void {
    invariant(this.line.get(site) < 0, 'a site with work is forgotten');
    this.#keys.remove(site);
    this.#plans[site] = undefined;
    invariant(!this.places.has(site), 'a site with ways to it is forgotten');
    this.#slots.give(site);
  }

  planOf(site: number): RelayPlan {
    const plan = this.#plans[site];
    invariant(plan !== undefined, 'a site without a plan');
    return plan;
  }

  joinRing(site: number, route: number): void {
    const { turns } = this;
    const line = turns.open(site, this.#routes.tenantOf(route));
    turns.first.set(line, this.#routes.ring.append(turns.first.get(line), route));
  }

  leaveRing(site: number, route: number): void {
    const { turns } = this;
    const line = turns.find(site, this.#routes.tenantOf(route));
    const first = this.#routes.ring.remove(turns.first.get(line), route);
    turns.first.set(line, first);
    if (first < 0) turns.close(line);
  }

  /** The route whose turn it is; the next call gives the next one of the same tenant, until that one's turn is over. */
  nextInRing(site: number): number {
    const { turns } = this;
    const line = this.line.get(site);
    if (line < 0) return -1;
    const route = turns.first.get(line);
    turns.first.set(line, this.#routes.ring.rotate(route));
    return route;
  }

  addIdle(site: number, connection: number): void {
    const { siteUsable } = this.#connections;
    this.firstIdle.set(site, siteUsable.prepend(this.firstIdle.get(site), connection));
  }

  removeIdle(site: number, connection: number): void {
    const { siteUsable } = this.#connections;
    this.firstIdle.set(site, siteUsable.remove(this.firstIdle.get(site), connection));
  }

  /** Puts a busy connection into a list of those with room, or with 0 into none. It becomes the first that is looked at. */
  listRoom(site: number, connection: number, list: number): void {
    const { roomList, siteUsable } = this.#connections;
    const before = this.#roomList(roomList.get(connection));
    if (before !== undefined) {
      before.set(site, siteUsable.remove(before.get(site), connection));
      this.withRoom.add(site, -1);
    }
    roomList.set(connection, list);
    const first = this.#roomList(list);
    if (first === undefined) return;
    first.set(site, siteUsable.prepend(first.get(site), connection));
    this.withRoom.add(site, 1);
  }

  #roomList(list: number): Int32Column | undefined {
    return list === 0 ? undefined : this.firstWithRoom[list - 1];
  }
}

/** No name of a site has a tab. */
function rowKey({ security, site }: RelayPlan): string {
  return security === undefined ? site : `${site}\t${security}`;
}
