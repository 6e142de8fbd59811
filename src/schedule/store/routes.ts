// Routes: one per route key, tenant and store, with the queue of its ready tasks and what is known about its plan.
// The domain is the end of the key ("mx:example.com"), so it is not stored twice.

import type { ErrorPlan } from '../../route/types.ts';
import { TimeColumn, Int32Column, Uint16Column, Uint8Column } from './columns.ts';
import type { HeldLimits } from './place.ts';
import type { Parking } from './parking.ts';
import { KeyIndex } from './key-index.ts';
import { noTenant } from './tenant-names.ts';
import { RowChain } from './row-chain.ts';
import { Slots } from './slots.ts';

/** Separates the numbers of tenant and store from the key; no key contains it. */
const mark = '\t';

type TimesOf = (domain: string, key: string, tenant: number, store: number) => number;

export const PlanState = { none: 0, resolving: 1, relay: 2, error: 3 } as const;

export class RouteStore {
  /** Recipients that name this route; a route without any is forgotten when its plan has expired. */
  readonly recipients = new Int32Column();
  /** Connections whose last task was of this route: it is not forgotten while there are any. */
  readonly connections = new Int32Column();
  readonly plan = new Uint8Column();
  readonly validUntilMs = new TimeColumn();
  /** Number of the store that keeps the mail of this route. */
  readonly store = new Uint8Column();
  /** Number of the times that hold for its mail: see `MailTimes`. */
  readonly times = new Uint16Column();
  /** Site of the plan; -1: none. */
  readonly site = new Int32Column();
  /** Its queue: the tasks in the states ready and asking, by priority and age; -1: none. A list of `TaskStore.queue`. */
  readonly firstTask = new Int32Column();
  /** Number of recipients in the tasks of its queue. */
  readonly ready = new Int32Column();
  /** Number of tasks in the queue whose recipients have several routes; only for queues with any. */
  readonly mixedTasks = new Map<number, number>();
  /** The routes of one site and tenant that an idle connection could serve, in the order of their turns. */
  readonly ring = new RowChain();
  readonly isRunnable = new Uint8Column();
  /** 1: its turn came after its plan had expired. The plan that was requested then is valid until the route has had its turn. */
  readonly missedTurn = new Uint8Column();
  /** The limits that hold for its tasks wherever they go; kept while they are needed. */
  readonly limits = new Map<number, HeldLimits>();
  readonly errorPlans = new Map<number, ErrorPlan>();
  /** For queues with tasks of several priorities: the last task of each priority, the highest first; -1: none. */
  readonly priorityEnds = new Map<number, Int32Array>();
  readonly #domainStart = new Uint16Column();
  /** Domains of routes whose key does not end with the domain. */
  readonly #otherDomains = new Map<number, string>();
  readonly #keys = new KeyIndex();
  readonly #slots: Slots;

  /** @param timesOf - the number of the times for a domain, a `RouteKey.key` and the numbers of a tenant and a store */
  constructor(parking: Parking, timesOf: TimesOf) {
    this.#slots = new Slots(this.firstTask, [
      this.recipients,
      this.connections,
      this.plan,
      this.validUntilMs,
      this.site,
      this.ready,
      this.ring.next,
      this.ring.previous,
      this.isRunnable,
      this.missedTurn,
      this.#domainStart,
      this.store,
      this.times,
      parking.first,
      parking.since,
      parking.tenant,
    ]);
    this.#parking = parking;
    this.#timesOf = timesOf;
  }
  readonly #parking: Parking;
  readonly #timesOf: TimesOf;

  get live(): number {
    return this.#slots.live;
  }

  get end(): number {
    return this.#slots.end;
  }

  /** By its name: see `nameOf`. */
  find(name: string): number {
    return this.#keys.find(name);
  }

  /** The route of this key for one tenant and store, made if it is new. */
  intern(key: string, domain: string, tenant: number, store: number): number {
    const name = nameOf(key, tenant, store);
    const known = this.#keys.find(name);
    if (known >= 0) return known;
    const route = this.#slots.take();
    this.recipients.set(route, 0);
    this.connections.set(route, 0);
    this.plan.set(route, PlanState.none);
    this.validUntilMs.set(route, 0);
    this.site.set(route, -1);
    this.firstTask.set(route, -1);
    this.ready.set(route, 0);
    this.ring.clear(route);
    this.isRunnable.set(route, 0);
    this.missedTurn.set(route, 0);
    this.#parking.first.set(route, -1);
    this.#parking.since.set(route, 0);
    this.#parking.tenant.set(route, tenant);
    this.store.set(route, store);
    this.times.set(route, this.#timesOf(domain, key, tenant, store));
    const start = name.length - domain.length;
    if (start <= 0xffff && key.endsWith(domain)) {
      this.#domainStart.set(route, start);
    } else {
      this.#domainStart.set(route, 0xffff);
      this.#otherDomains.set(route, domain);
    }
    this.#keys.add(name, route);
    return route;
  }

  forget(route: number): void {
    this.#keys.remove(route);
    this.#otherDomains.delete(route);
    this.errorPlans.delete(route);
    this.plan.set(route, PlanState.none);
    this.#slots.give(route);
  }

  /** Other schedules hold from now on. */
  renewTimes(route: number): void {
    const times = this.#timesOf(
      this.domainOf(route),
      this.keyOf(route),
      this.tenantOf(route),
      this.store.get(route),
    );
    this.times.set(route, times);
  }

  /** Tells the rows apart: the key, with the numbers of tenant and store before it where there are any. */
  nameOf(route: number): string {
    return this.#keys.keyOf(route);
  }

  /** `RouteKey.key`: what the plan is looked up by. */
  keyOf(route: number): string {
    const name = this.nameOf(route);
    return name.slice(name.indexOf(mark) + 1);
  }

  /** Number of the tenant. */
  tenantOf(route: number): number {
    return this.#parking.tenant.get(route);
  }

  isKnown(route: number): boolean {
    return this.#keys.keyOf(route) !== '';
  }

  domainOf(route: number): string {
    return this.#otherDomains.get(route) ?? this.nameOf(route).slice(this.#domainStart.get(route));
  }

  /** Does it have a plan with addresses that is still valid? */
  hasRelay(route: number, nowMs: number): boolean {
    return this.plan.get(route) === PlanState.relay && this.validUntilMs.get(route) > nowMs;
  }

  /** The plan that says why mail of this route cannot be delivered, while it is valid. */
  errorOf(route: number, nowMs: number): ErrorPlan | undefined {
    if (this.plan.get(route) !== PlanState.error || this.validUntilMs.get(route) <= nowMs) return undefined;
    return this.errorPlans.get(route);
  }

  isInRing(route: number): boolean {
    return this.ring.isListed(route);
  }
}

function nameOf(key: string, tenant: number, store: number): string {
  if (store !== 0) return `${tenant}.${store}${mark}${key}`;
  return tenant === noTenant ? key : `${tenant}${mark}${key}`;
}
