// Warnings of times that contradict each other: retries and warnings after the end of a lifetime, and lifetimes that end before
// a delivery window opens.

import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import type { Path } from '../read/toml.ts';
import { hoursOf, type ScheduleConfig } from '../schedule-config.ts';
import { bounce as bounceKeys } from '../schema/bounce.ts';
import { queue as queueKeys } from '../schema/queue.ts';
import { type DomainPattern, includesPattern } from '../../values/domain.ts';
import { formatDuration } from '../../values/duration.ts';
import { firstRetryMs } from '../../values/retry.ts';

const usualRetry = String(queueKeys.parse({}).retry);
const usualWarnings = String(bounceKeys.parse({}).warn_after);

export function timeWarnings(config: Config): ConfigWarning[] {
  return [
    ...retryWarnings(config.queue, ['queue']),
    ...delayWarnings(config),
    ...config.schedule.flatMap((schedule, index) => [
      ...scheduleRetryWarnings(schedule, index, config),
      ...windowWarnings(schedule, index, config),
    ]),
  ];
}

/** Warns of retry times that are longer than the lifetime of mail. @param path - of the table */
function retryWarnings(
  { retry, lifetime, bounceLifetime }: Pick<Config['queue'], 'retry' | 'lifetime' | 'bounceLifetime'>,
  path: Path,
): ConfigWarning[] {
  const first = firstRetryMs(retry);
  if (first >= lifetime) {
    const message = `the first time is not shorter than lifetime (${formatDuration(lifetime)}): mail that fails once is never tried again`;
    return [{ path: [...path, 'retry'], message }];
  }
  // No warning for the default times: a short lifetime alone is no mistake. A curve goes on beyond any lifetime.
  const list = 'curve' in retry || String(retry) === usualRetry ? [] : retry;
  const late = list.find((each) => each >= lifetime);
  const warnings: ConfigWarning[] = [];
  if (late !== undefined) {
    const message = `${formatDuration(late)} is never used, since mail is given up after lifetime (${formatDuration(lifetime)})`;
    warnings.push({ path: [...path, 'retry', list.indexOf(late)], message });
  }
  if (first >= bounceLifetime) {
    const message = `not longer than the first retry (${formatDuration(first)}): a bounce that fails once is given up`;
    warnings.push({ path: [...path, 'bounce_lifetime'], message });
  }
  return warnings;
}

/** The same for a schedule that says when mail is tried again. What it leaves out is mostly as in [queue]. */
function scheduleRetryWarnings(
  { retry, lifetime, bounceLifetime }: ScheduleConfig,
  index: number,
  { queue }: Config,
): ConfigWarning[] {
  if (retry === undefined) return [];
  const held = {
    retry,
    lifetime: lifetime ?? queue.lifetime,
    bounceLifetime: bounceLifetime ?? queue.bounceLifetime,
  };
  return retryWarnings(held, ['schedule', index]).filter(
    ({ path }) => path.at(-1) !== 'bounce_lifetime' || bounceLifetime !== undefined,
  );
}

/** Warns of warnings that are never sent. The default times are no mistake of a short lifetime. */
function delayWarnings({ bounce, queue }: Config): ConfigWarning[] {
  const late = bounce.warnAfter.findIndex((each) => each >= queue.lifetime);
  if (late === -1 || String(bounce.warnAfter) === usualWarnings) return [];
  const message = `no message waits for so long: it is given up after lifetime in [queue] (${formatDuration(queue.lifetime)})`;
  return [{ path: ['bounce', 'warn_after', late], message }];
}

/** Warns of mail that is given up while it waits for a window. */
function windowWarnings(schedule: ScheduleConfig, index: number, config: Config): ConfigWarning[] {
  const hours = hoursOf(schedule);
  if (hours === undefined || hours === 'always') return [];
  const { longestClosedMs } = hours;
  const warnings: ConfigWarning[] = [];
  const look = (path: Path, lifetimeMs: number, what: string): void => {
    if (lifetimeMs > longestClosedMs) return;
    const message = `${what} (${formatDuration(lifetimeMs)}) ends before a window opens again, which takes up to ${formatDuration(longestClosedMs)}: mail that comes at the wrong time is given up without an attempt`;
    warnings.push({ path, message });
  };
  const place = ['schedule', index];
  const { queue } = config;
  if (schedule.lifetime !== undefined) look([...place, 'lifetime'], schedule.lifetime, 'lifetime');
  else look([...place, 'windows'], queue.lifetime, 'lifetime in [queue]');
  if (schedule.bounceLifetime !== undefined)
    look([...place, 'bounce_lifetime'], schedule.bounceLifetime, 'bounce_lifetime');
  else
    look(
      [...place, 'windows'],
      queue.bounceLifetime,
      'bounce_lifetime in [queue], for bounces to these addresses,',
    );
  for (const [other, { lifetime }] of config.schedule.entries()) {
    if (lifetime === undefined || schedule.lifetime !== undefined || other === index) continue;
    if (mayMeet(schedule, config.schedule[other] as ScheduleConfig))
      look(
        ['schedule', other, 'lifetime'],
        lifetime,
        `lifetime, for mail with the windows of schedule[${index + 1}],`,
      );
  }
  return warnings;
}

/** Can some mail be of both? */
function mayMeet(one: ScheduleConfig, other: ScheduleConfig): boolean {
  const share = (left: readonly string[] | undefined, right: readonly string[] | undefined): boolean =>
    left === undefined || right === undefined || left.some((each) => right.includes(each));
  if (!share(one.route, other.route) || !share(one.tenant, other.tenant)) return false;
  if (one.domain === undefined || other.domain === undefined) return true;
  const { domain: theirs } = other;
  return one.domain.some((mine) => theirs.some((each) => meets(mine, each)));
}

function meets(one: DomainPattern, other: DomainPattern): boolean {
  return includesPattern(one, other) || includesPattern(other, one);
}
