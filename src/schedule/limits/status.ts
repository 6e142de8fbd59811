// What people are told about limits: every counter in use, and everything that stands between a recipient and its
// destination. Plain data that survives JSON.

import type { LimitRule } from './types.ts';

/** The quantities that a limit can set. Names as in the configuration. */
export type Quantity = 'connections' | 'connection_rate' | 'message_rate' | 'recipient_rate';

/** One limit for one key, now. */
export interface CounterStatus {
  /** `LimitRule.id`; 'global' for max_connections, 'window' for what adaptation allows, 'unanswered' for max_unanswered, 'local' for max_local. */
  readonly rule: string;
  /** `AppliedLimit.key`; for a window `SOURCE SITE`. */
  readonly key: string;
  readonly quantity: Quantity;
  /** Connections that hold a slot; for rates, the past events that still count. */
  readonly used: number;
  /** Connections, or how many per `perMs`. */
  readonly allowed: number;
  /** Only for rates. */
  readonly perMs?: number | undefined;
  /** Routes that wait for this counter. */
  readonly parked: number;
  /** Unix ms when a rate lets the next one through; only for rates that are spent. */
  readonly freeAtMs?: number | undefined;
}

/** All limits of the scheduler, with those of their counters that are in use. */
export interface LimitsStatus {
  readonly rules: readonly LimitRule[];
  /** At most as many as asked for: those with parked routes first, then the fullest; always those of all connections. */
  readonly counters: readonly CounterStatus[];
  /** For each limit that is in use: how many keys, and how many routes wait for it. */
  readonly inUse: readonly { readonly rule: string; readonly keys: number; readonly parked: number }[];
  /** Counters in use in all. */
  readonly total: number;
}

/** The window of a source and a site, as people are told it. */
export interface WindowStatus {
  readonly source: string;
  readonly site: string;
  /** Connections allowed now. */
  readonly allowed: number;
  readonly used: number;
  /** Not greeted yet, still doubling, growing slowly, held low or paused until `untilMs`. */
  readonly state: 'unknown' | 'start' | 'growing' | 'slowed' | 'paused';
  readonly untilMs?: number | undefined;
  /** The reply or failure that it reacted to last; empty: none. */
  readonly reason: string;
}

/** One address that mail of a route may go to, from one of our own addresses. */
export interface PlaceStatus {
  readonly host: string;
  /** How mail is handed over there, e.g. `smtp`. */
  readonly transport: string;
  /** E.g. `192.0.2.1:25`, `unix:/run/dovecot/lmtp`. */
  readonly endpoint: string;
  /** Empty, with port 0, for what is not reached by TCP. */
  readonly ip: string;
  readonly port: number;
  readonly preference: number;
  readonly source: string;
  readonly connections: number;
  readonly health: 'well' | 'resting' | 'on trial';
  /** Given while the address rests. */
  readonly restsUntilMs?: number | undefined;
  /** The error of the last failed connection; empty: none. */
  readonly error: string;
  readonly window: WindowStatus;
  readonly limits: readonly CounterStatus[];
}

/** Why mail for one domain goes, or waits. */
export interface Explanation {
  readonly route: string;
  readonly domain: string;
  readonly tenant: string;
  /** Recipients of this route and tenant. */
  readonly recipients: { readonly waiting: number; readonly ready: number; readonly active: number };
  /** `RelayPlan.site`; empty when the plan is an error. */
  readonly site: string;
  readonly label: string;
  /** Limits that hold for its mail wherever it goes. */
  readonly limits: readonly CounterStatus[];
  readonly places: readonly PlaceStatus[];
  /** What schedules say about it, key by key; none: the usual times. */
  readonly schedule?: readonly ScheduledKey[] | undefined;
  /** What one more message would wait for now, in words; empty: nothing. */
  readonly binding: readonly string[];
  /** Unix ms of the earliest next attempt; undefined when nothing waits for one. */
  readonly nextAttemptAtMs?: number | undefined;
}

export type RateQuantity = Exclude<Quantity, 'connections'>;

/** The state of a rate, kept over a restart. */
export interface SavedRate {
  /** `LimitRule.id` and `AppliedLimit.key`. */
  readonly rule: string;
  readonly key: string;
  readonly quantity: RateQuantity;
  /** Theoretical arrival time (ITU-T I.371), Unix ms. */
  readonly tatMs: number;
}

export type SiteOrder = 'connections' | 'waiting' | 'name';

/** One row of the live view: a site with work or connections. */
export interface SiteStatus {
  readonly site: string;
  readonly label: string;
  readonly waiting: number;
  readonly ready: number;
  readonly active: number;
  readonly connections: number;
  /** What its ready mail waits for: the name of the full limit, or a rest with its end; empty: nothing. */
  readonly blockedOn: string;
}

/** A key that a schedule sets for some mail. */
export interface ScheduledKey {
  /** As in the file. */
  readonly key: string;
  /** For people. */
  readonly value: string;
  /** The schedule's name, or what it matches. */
  readonly name: string;
  /** Where it was set: `sluice.toml:12`. */
  readonly origin: string;
}
