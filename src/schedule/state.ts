// The whole state of the scheduler: the stores, the effects that wait for the caller, and the lists of what is still to be
// looked at in the current call. The rules that change it are in the inner rooms beside this file.

import { AddressStore } from './store/addresses.ts';
import { ConnectionStore } from './store/connections.ts';
import { HoursStore } from './store/hours.ts';
import { MailTimes, type Times } from './times/mail-times.ts';
import { CounterStore, Dimension } from './store/counters.ts';
import { RefusalForms } from './store/refusal-forms.ts';
import { createLimitIndex } from './limits/rule-index.ts';
import type { LimitIndex } from './limits/types.ts';
import { MessageStore } from './store/messages.ts';
import { Needs } from './store/task-needs.ts';
import { Parking } from './store/parking.ts';
import { Pauses } from './store/pauses.ts';
import type { HeldLimits, Place } from './store/place.ts';
import { TenantNames } from './store/tenant-names.ts';
import { Random } from './store/random.ts';
import { RateStore } from './store/rates.ts';
import { RecipientStore } from './store/recipients.ts';
import { RouteStore } from './store/routes.ts';
import { RowList } from './store/row-list.ts';
import { SiteStore } from './store/sites.ts';
import { TaskStore } from './store/tasks.ts';
import { WindowStore } from './store/windows.ts';
import type { ScheduleRule } from './times/schedule-rule.ts';
import type { Effect, SchedulerConfig } from './types.ts';
import { UncommittedMessages } from './uncommitted.ts';
import type { WaitingVisit } from './store/visit-types.ts';

const noSchedules: readonly ScheduleRule[] = [];
const noWeights: ReadonlyMap<string, number> = new Map();

/** Tasks that error plans settle in one turn: those of a million messages to a domain that is no more are not all in memory at once. */
export const mostSettledInTurn = 10_000;

/** The part of the time since then in which the lifetime of mail to a domain stood still. */
export type AsleepMs = (domain: string, sinceMs: number) => number;

export class State {
  config: SchedulerConfig;
  readonly effects: Effect[] = [];
  readonly random: Random;
  readonly messages = new MessageStore();
  readonly recipients = new RecipientStore();
  readonly tasks = new TaskStore(this.messages.firstTask);
  readonly refusals = new RefusalForms();
  readonly counters = new CounterStore();
  readonly tenants = new TenantNames();
  readonly parking = new Parking(this.counters, this.tenants, () => this.globalCounter);
  readonly routes = new RouteStore(this.parking, (domain, key, tenant, store) =>
    this.times.of(domain, key, this.tenants.nameOf(tenant), store),
  );
  readonly hours = new HoursStore(this.counters);
  readonly rates = new RateStore(this.counters);
  readonly windows = new WindowStore(this.counters);
  readonly addresses = new AddressStore(this.counters);
  readonly connections = new ConnectionStore(this.counters);
  readonly sites = new SiteStore(this.routes, this.connections, this.tenants);
  /** The counter of the global limit: all connections, without those that hang. */
  readonly globalCounter: number;
  /** The counter of connections to unproven sites above the global limit, while others hang. */
  readonly overflowCounter: number;
  /** The counter of connections to sites of this host (`reserve/local-ways.ts`). */
  readonly localCounter: number;
  readonly pauses: Pauses;
  /** Connections that the sender processes can carry now; the limits stay within it. */
  carried = Infinity;
  limits: LimitIndex;
  times: MailTimes;
  /** The source addresses of connections; '' lets the system choose. */
  sources: readonly string[];

  readonly uncommitted = new UncommittedMessages();
  /** By message: how many of its tasks wait for the plan of their route. Only messages with such tasks are here. */
  readonly asking = new Map<number, number>();
  /** Messages that are done, whose handles may still be in effects that the caller has not seen. */
  readonly done = new RowList();
  /** Messages that may have no task left; looked at when the call ends. */
  readonly finishing = new RowList();

  /** Routes that may be able to get a grant, in the order in which they are tried. */
  readonly runnable = new RowList();
  nextRunnable = 0;
  /** Sites with a connection that became idle, or has room for another transaction, in this call. */
  readonly offering = new RowList();
  /** Connections that became idle, or have room for another transaction, in this call. */
  readonly newlyUsable = new RowList();
  /** Tasks that became ready in this call. Those that are not granted at once get a place in the heap of due times. */
  readonly fresh = new RowList();
  /** Scratch: the limits that the current task needs wherever it goes; filled by `collectNeeds`. */
  readonly needs = new Needs();
  /** Routes that wait or have nothing to do and still hold their limits, those that have rested longest first. */
  readonly limitsAtRest = new Set<number>();
  /** Cache of the limits that depend on route and place, for the last place. */
  readonly pairLimits = { place: undefined as Place | undefined, byRoute: new Map<number, HeldLimits>() };
  /** Scratch: the counters that keep the current route from a grant. */
  readonly blockers = new RowList();
  /** Visits that wait for room, by the caller's number, the oldest first. */
  readonly visitLine = new Map<number, WaitingVisit>();
  /** Counters whose last freed place was taken by a visit from the line while mail waited for it: the next one is for mail. */
  readonly visitTurns = new Set<number>();
  /** The route that was looked at last for being forgotten, in the regular sweep. */
  sweepAt = 0;
  sweepNextMs = 0;
  /** The same for the sweep that runs while there are very many routes. */
  forgetAt = 0;
  /** Source addresses that are not used now, each with the ms at which it may be used again. */
  readonly sourceRests = new Map<string, number>();
  /** Ms between the scheduler's time and the dates that are journaled. */
  dateShiftMs = 0;
  /** Ms between the scheduler's time and the dates that people are told. */
  shownShiftMs = 0;
  /** Plans cannot be looked up, because no name server answers. */
  lookupsStopped = false;
  /** When it was last over that plans could not be looked up. */
  lookupsBackMs = -Infinity;
  /** Tasks that error plans have settled since the last tick; see `mostSettledInTurn`. */
  settledInTurn = 0;
  /** This host has no source address for connections of some IP version. */
  sourcesLack = false;

  /** For how long mail to a domain did not get older since a time of the scheduler; undefined: it always does. */
  readonly asleepMs: AsleepMs | undefined;

  constructor(config: SchedulerConfig, asleepMs?: AsleepMs) {
    this.asleepMs = asleepMs;
    this.config = config;
    this.random = new Random(config.seed);
    setWeights(this.tenants, config);
    this.globalCounter = this.counters.open(Dimension.global, '', config.limits.global);
    this.counters.references.add(this.globalCounter, 1);
    this.localCounter = this.counters.open(Dimension.global, 'local', localLimitOf(config));
    this.counters.references.add(this.localCounter, 1);
    this.overflowCounter = this.counters.open(Dimension.overflow, '', 0);
    this.counters.references.add(this.overflowCounter, 1);
    this.pauses = new Pauses(this.counters);
    this.limits = createLimitIndex(config.limits.rules);
    this.times = new MailTimes(config, config.schedules ?? noSchedules);
    this.hours.set(this.times.rules);
    this.sources = sourcesOf(config);
  }
}

/** Turns of tenants, and of mail of no tenant in each queue. */
export function setWeights(
  tenants: TenantNames,
  { weights = noWeights, queues = [] }: SchedulerConfig,
): void {
  tenants.setWeights(
    weights,
    queues.map(({ weight }) => weight),
  );
}

const mostLocal = 50;

/** The limit of connections to sites of this host. */
export function localLimitOf({ limits }: SchedulerConfig): number {
  return limits.local ?? mostLocal;
}

export function sourcesOf({ sources }: SchedulerConfig): readonly string[] {
  return sources === undefined || sources.length === 0 ? [''] : sources;
}

/** The date of a scheduler time in Unix ms, as people are told it: by the clock that they see. */
export function shownDateOf(s: State, ms: number): number {
  return ms + s.shownShiftMs;
}

/** The date of a scheduler time in Unix ms, as it is journaled: by the clock that is believed. */
export function dateOf(s: State, ms: number): number {
  return ms + s.dateShiftMs;
}

/** A date for people in text (ISO 8601). */
export function dateText(s: State, ms: number): string {
  return new Date(shownDateOf(s, ms)).toISOString();
}

/** The times that hold for the mail of a route. */
export function timesOf(s: State, route: number): Times {
  return s.times.at(s.routes.times.get(route));
}

/** Unix ms when the lifetime of a message ends for its recipients with this route. */
export function expiryOfRoute(s: State, message: number, route: number): number {
  const { lifetimeMs, bounceLifetimeMs } = timesOf(s, route);
  const receivedAtMs = s.messages.receivedAtMs.get(message);
  const expiresAtMs = receivedAtMs + (s.messages.hasNullSender(message) ? bounceLifetimeMs : lifetimeMs);
  if (s.asleepMs === undefined) return expiresAtMs;
  return expiresAtMs + s.asleepMs(s.routes.domainOf(route), receivedAtMs);
}

/** Unix ms when the lifetime of a task's message ends for its recipients, which all have the same times. */
export function expiryOf(s: State, task: number): number {
  const route = s.recipients.route.get(s.tasks.firstRecipient.get(task));
  return expiryOfRoute(s, s.tasks.messageOf(task), route);
}
