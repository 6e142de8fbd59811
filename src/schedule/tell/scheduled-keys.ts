// What schedules say about some mail, for people: each key with its value and the schedule that it comes from.

import { formatDuration } from '../../values/duration.ts';
import { retryText } from '../../values/retry.ts';
import type { ScheduledKey } from '../limits/status.ts';
import { scheduleKeys, type ScheduleRule } from '../times/schedule-rule.ts';
import { timesOf, type State } from '../state.ts';

const names: Readonly<Record<(typeof scheduleKeys)[number], string>> = {
  retry: 'retry',
  lifetimeMs: 'lifetime',
  bounceLifetimeMs: 'bounce_lifetime',
  warnAfterMs: 'warn_after',
  hours: 'windows',
};

/** The keys that schedules give for the mail of a route, in a fixed order. */
export function scheduledKeys(s: State, route: number): ScheduledKey[] {
  const { from } = timesOf(s, route);
  return scheduleKeys.flatMap((key) => {
    const rule = from[key];
    if (rule === undefined) return [];
    return [{ key: names[key], value: valueOf(rule, key), name: rule.name, origin: rule.origin }];
  });
}

function valueOf(rule: ScheduleRule, key: (typeof scheduleKeys)[number]): string {
  const { bounceLifetimeMs = 0, hours, lifetimeMs = 0, retry = [], warnAfterMs = [] } = rule;
  switch (key) {
    case 'retry':
      return retryText(retry);
    case 'lifetimeMs':
      return formatDuration(lifetimeMs);
    case 'bounceLifetimeMs':
      return formatDuration(bounceLifetimeMs);
    case 'warnAfterMs':
      return warnAfterMs.length === 0 ? 'never' : warnAfterMs.map(formatDuration).join(', ');
    case 'hours':
      if (hours === undefined || hours === 'always') return 'always';
      return `${hours.windows.map(({ text }) => text).join(', ')} (${hours.zone})`;
  }
}
