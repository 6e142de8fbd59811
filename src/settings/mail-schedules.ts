// Converts [[schedule]] tables to the scheduler's rules.

import type { Config } from '../config/config.ts';
import { hoursOf, type ScheduleConfig } from '../config/schedule-config.ts';
import { formatDomainPattern } from '../values/domain.ts';
import type { ScheduleRule } from '../schedule/times/schedule-rule.ts';

/** A longer text of a match is cut. */
const longestText = 60;

/** The scheduler's rules, in the order of the file. */
export function scheduleRules(config: Pick<Config, 'schedule'>): ScheduleRule[] {
  return config.schedule.map((schedule) => {
    const { domain, route, tenant, retry, lifetime, bounceLifetime, warnAfter, origin } = schedule;
    return {
      name: nameOf(schedule),
      origin,
      match: { domain, route, tenant },
      retry,
      lifetimeMs: lifetime,
      bounceLifetimeMs: bounceLifetime,
      warnAfterMs: warnAfter?.toSorted((one, other) => one - other),
      hours: hoursOf(schedule),
    };
  });
}

function nameOf({ name, domain = [], route = [], tenant = [] }: ScheduleConfig): string {
  if (name !== undefined) return name;
  const parts = [
    domain.map(formatDomainPattern).join(', '),
    route.length === 0 ? '' : `route ${route.join(', ')}`,
    tenant.length === 0 ? '' : `tenant ${tenant.map((each) => (each === '' ? '""' : each)).join(', ')}`,
  ];
  const text = parts.filter((part) => part !== '').join('; ');
  return text.length > longestText ? `${text.slice(0, longestText - 3)}...` : text;
}
