// Converts [[schedule]] tables to the scheduler's rules.

import type { Config } from '../config/config.ts';
import type { BackupConfig } from '../config/route-config.ts';
import { hoursOf, type ScheduleConfig } from '../config/schedule-config.ts';
import { formatDomainPattern } from '../values/domain.ts';
import type { ScheduleRule } from '../schedule/times/schedule-rule.ts';

/** A longer text of a match is cut. */
const longestText = 60;

/** A primary server may be down for longer than a usual message may wait: mail for it comes only once. */
const usualBackupLifetimeMs = 14 * 86_400_000;

/** The scheduler's rules: the defaults of queues and of backup MX, then those of the file in their order. */
export function scheduleRules(
  config: Pick<Config, 'schedule' | 'route' | 'queue' | 'queues'>,
): ScheduleRule[] {
  const ofFile = config.schedule.map((schedule) => {
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
  return [...queueRules(config), ...backupRules(config), ...ofFile];
}

/** The times of the queues that have some of their own. */
function queueRules({ queues }: Pick<Config, 'queues'>): ScheduleRule[] {
  return queues.flatMap(({ name, retry, lifetime, bounceLifetime }, index): ScheduleRule[] => {
    const times = { retry, lifetimeMs: lifetime, bounceLifetimeMs: bounceLifetime };
    if (Object.values(times).every((each) => each === undefined)) return [];
    const match = { store: [index + 1] };
    return [{ name: `queue ${name}`, origin: 'built in', match, ...times, isDefault: true }];
  });
}

/** How long mail waits for the domains of a backup MX, unless another rule says something. */
export function backupLifetimeMs(
  { lifetimeMs }: BackupConfig,
  { lifetime }: Pick<Config['queue'], 'lifetime'>,
): number {
  return lifetimeMs ?? Math.max(lifetime, usualBackupLifetimeMs);
}

/** Domains that are below those of a backup MX, and have a route that is none, wait as usual. */
function backupRules({ queue, route }: Pick<Config, 'route' | 'queue'>): ScheduleRule[] {
  if (route.every(({ backup }) => backup === undefined)) return [];
  return route.flatMap(({ backup, conditions, domain, name }, index): ScheduleRule[] => {
    if (domain.length === 0 || conditions !== undefined) return [];
    const lifetimeMs = backup === undefined ? queue.lifetime : backupLifetimeMs(backup, queue);
    const bounceLifetimeMs =
      backup === undefined ? queue.bounceLifetime : Math.max(queue.bounceLifetime, lifetimeMs);
    const what = name === undefined ? `route ${index + 1}` : `route ${name}`;
    const shown = backup === undefined ? `no backup MX: ${what}` : `backup MX: ${what}`;
    const match = { domain };
    return [{ name: shown, origin: 'built in', match, lifetimeMs, bounceLifetimeMs, isDefault: true }];
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
