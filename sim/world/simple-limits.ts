// The same few limits for all destinations, as rules: enough for most simulations and tests.

import type { LimitKey, LimitRule } from '../../src/schedule/limits/types.ts';
import type { SchedulerConfig, UnansweredPolicy } from '../../src/schedule/types.ts';

export interface SimpleLimits {
  readonly global: number;
  /** Of work that stays on this host. */
  readonly local?: number | undefined;
  readonly unanswered?: number | undefined;
  readonly unansweredPolicy?: UnansweredPolicy | undefined;
  readonly perDomain: number;
  readonly perSite: number;
  readonly perIp: number;
  /** More rules. */
  readonly rules?: readonly LimitRule[] | undefined;
}

/** Limits of connections: global, and for every domain, site and address. */
export function simpleLimits(limits: SimpleLimits): SchedulerConfig['limits'] {
  const { global, local, unanswered = 0, unansweredPolicy, perDomain, perSite, perIp, rules = [] } = limits;
  return {
    global,
    local,
    unanswered,
    unansweredPolicy,
    rules: [...rules, everyOf('domain', perDomain), everyOf('site', perSite), everyOf('ip', perIp)],
  };
}

function everyOf(key: LimitKey, connections: number): LimitRule {
  return {
    id: `every ${key}`,
    name: '',
    origin: 'built in',
    per: [key],
    match: {},
    isOverride: false,
    connections,
  };
}
