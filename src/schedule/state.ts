// All that the scheduler knows, in one place: the stores, the effects that wait for the caller, and the lists of what
// still has to be looked at in this call. The rules are in the files beside it.

import { AddressStore } from './store/addresses.ts';
import { ConnectionStore } from './store/connections.ts';
import { CounterStore, Dimension } from './store/counters.ts';
import { RefusalForms } from './store/refusal-forms.ts';
import { createLimitIndex } from './limits/rule-index.ts';
import type { LimitIndex } from './limits/types.ts';
import { MessageStore } from './store/messages.ts';
import { Needs } from './store/task-needs.ts';
import { Parking } from './store/parking.ts';
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
import type { Effect, SchedulerConfig } from './types.ts';
import { UncommittedMessages } from './uncommitted.ts';

const noWeights: ReadonlyMap<string, number> = new Map();

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
  readonly routes = new RouteStore(this.parking);
  readonly rates = new RateStore(this.counters);
  readonly windows = new WindowStore(this.counters);
  readonly addresses = new AddressStore(this.counters);
  readonly connections = new ConnectionStore(this.counters);
  readonly sites = new SiteStore(this.routes, this.connections, this.tenants);
  /** The counter of the global limit: all connections, without those that hang. */
  readonly globalCounter: number;
  /** The counter of connections to unproven sites above the global limit, while others hang. */
  readonly overflowCounter: number;
  /** The counter that everything waits on while grants are paused. */
  readonly pauseCounter: number;
  /** Why grants are paused. */
  pauseReason = '';
  /** Connections that can be carried now, however many may be made. */
  carried = Infinity;
  limits: LimitIndex;
  /** Our own addresses; '' lets the system choose. */
  sources: readonly string[];

  readonly uncommitted = new UncommittedMessages();
  /** Messages that wait for plans of some of their recipients' routes: how many of their tasks ask. */
  readonly asking = new Map<number, number>();
  /** Messages done whose handles may still be named by effects. */
  readonly done = new RowList();
  /** Messages that may have no task left. */
  readonly finishing = new RowList();

  /** Routes that may be able to go on, in turn. */
  readonly runnable = new RowList();
  nextRunnable = 0;
  /** Sites with a connection that became idle. */
  readonly offering = new RowList();
  /** Connections that became idle. */
  readonly newlyIdle = new RowList();
  /** Tasks that became ready; those that are not granted at once need a place in the heap. */
  readonly fresh = new RowList();
  /** Scratch: what the task at hand needs besides what holds at its place. */
  readonly needs = new Needs();
  /** Routes that rest and still have their limits at hand, those that have rested longest first. */
  readonly limitsAtRest = new Set<number>();
  /** Limits of messages of some routes at the last place, as far as they look at both. */
  readonly both = { place: undefined as Place | undefined, byRoute: new Map<number, HeldLimits>() };
  /** Scratch: counters that a connection keeps for its next task. */
  readonly kept = new RowList();
  /** Scratch: counters that stand in the way of a route. */
  readonly blockers = new RowList();
  /** Next route that is looked at for being forgotten. */
  sweepAt = 0;
  sweepNextMs = 0;
  /** The same, when there are very many. */
  forgetAt = 0;
  /** Own addresses that are left alone, with the Unix ms of the end. */
  readonly sourceRests = new Map<string, number>();
  /** What has to be added to the scheduler's time for the date that is written down. */
  dateShiftMs = 0;
  /** The same for the date that people are told. */
  shownShiftMs = 0;
  /** No plan can be looked up, by a fault of this host. */
  lookupsStopped = false;
  /** Connections to some addresses cannot be made by a fault of this host: it has no source for them. */
  sourcesLack = false;

  constructor(config: SchedulerConfig) {
    this.config = config;
    this.random = new Random(config.seed);
    this.tenants.setWeights(config.weights ?? noWeights);
    this.globalCounter = this.counters.open(Dimension.global, '', config.limits.global);
    this.counters.references.add(this.globalCounter, 1);
    this.overflowCounter = this.counters.open(Dimension.overflow, '', 0);
    this.counters.references.add(this.overflowCounter, 1);
    this.pauseCounter = this.counters.open(Dimension.pause, '', 1);
    this.counters.references.add(this.pauseCounter, 1);
    this.limits = createLimitIndex(config.limits.rules);
    this.sources = sourcesOf(config);
  }
}

export function sourcesOf({ sources }: SchedulerConfig): readonly string[] {
  return sources === undefined || sources.length === 0 ? [''] : sources;
}

/** The date of a time of the scheduler's, Unix ms: for people, who compare it with the clock that they see. */
export function shownDateOf(s: State, ms: number): number {
  return ms + s.shownShiftMs;
}

/** The same for what is written down, which goes by the clock that is believed. */
export function dateOf(s: State, ms: number): number {
  return ms + s.dateShiftMs;
}

/** A date for people in text (ISO 8601). */
export function dateText(s: State, ms: number): string {
  return new Date(shownDateOf(s, ms)).toISOString();
}

/** Unix ms when the message's lifetime ends. */
export function expiryOf(s: State, message: number): number {
  const { lifetimeMs, bounceLifetimeMs } = s.config;
  return (
    s.messages.receivedAtMs.get(message) + (s.messages.hasNullSender(message) ? bounceLifetimeMs : lifetimeMs)
  );
}
