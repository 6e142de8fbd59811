// One [[schedule]]: which mail it is for, and what it says about the times of that mail. Plain data; docs/schedules.md explains it.

import type { DeliveryHours } from '../../values/delivery-hours.ts';
import type { DomainPattern } from '../../values/domain.ts';
import type { Retry } from '../../values/retry.ts';

/** All that are given must match; of each list, one item. Not given: anything. */
export interface ScheduleMatch {
  /** Recipient domain. */
  readonly domain?: readonly DomainPattern[] | undefined;
  /** Names of routes, as in the route key; mail to MX hosts without a rule that is told has none. */
  readonly route?: readonly string[] | undefined;
  /** Names of tenants; '' is mail of no tenant. */
  readonly tenant?: readonly string[] | undefined;
  /** Numbers of stores. */
  readonly store?: readonly number[] | undefined;
}

/** What schedules say, each by itself. */
export interface ScheduleValues {
  readonly retry?: Retry | undefined;
  readonly lifetimeMs?: number | undefined;
  readonly bounceLifetimeMs?: number | undefined;
  /** In rising order. The scheduler does not look at them: it tells the manager. */
  readonly warnAfterMs?: readonly number[] | undefined;
  /** Undefined in a rule: it says nothing. 'always' lifts the windows of a less specific rule. */
  readonly hours?: DeliveryHours | 'always' | undefined;
}

/** The keys of a schedule, by which the most specific table that gives one is found. */
export const scheduleKeys = ['retry', 'lifetimeMs', 'bounceLifetimeMs', 'warnAfterMs', 'hours'] as const;

export interface ScheduleRule extends ScheduleValues {
  /** For people: its name in the file, or what it matches. */
  readonly name: string;
  /** Where it was set, e.g. `sluice.toml:12`. */
  readonly origin: string;
  readonly match: ScheduleMatch;
  /** It holds where no other rule says something else, whatever that one matches. */
  readonly isDefault?: true;
}
