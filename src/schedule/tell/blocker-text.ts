// What keeps mail waiting, in words: the same in logs, status, explanations and bounces.

import { Health } from '../store/addresses.ts';
import { Dimension } from '../store/counters.ts';
import type { AppliedLimit } from '../limits/types.ts';
import { policyKeyText } from '../store/place.ts';
import { wallText } from '../../values/delivery-hours.ts';
import { dateText, type State } from '../state.ts';

/** E.g. `limit domain example.com (20) is full`. */
export function blockerText(s: State, counter: number): string {
  const { counters } = s;
  const applied = counters.limitOf(counter);
  const limit = counters.limit.get(counter);
  switch (counters.dimension.get(counter)) {
    case Dimension.global:
      return counter === s.localCounter ? localText(limit) : globalText(s, limit);
    case Dimension.probe:
      return restText(s, counters.keyOf(counter));
    case Dimension.hours:
      return windowText(s, counter);
    case Dimension.pause:
      return s.pauses.reasonOf(counter);
    case Dimension.window:
      return s.windows.textOf(counter, s.shownShiftMs);
    case Dimension.gate:
      return applied === undefined ? 'a rate' : rateText(s, counter, applied);
    default:
      return applied === undefined ? 'a limit' : slotText(applied, limit);
  }
}

/** E.g. `window opens at 2026-03-30 08:00 (Europe/Berlin), by the schedule nights`. */
function windowText(s: State, counter: number): string {
  const { rule, opensAtMs, zone } = s.hours.closedOn(counter);
  if (opensAtMs === -Infinity) return `window is looked for, by the schedule ${rule.name}`;
  const shownMs = opensAtMs - s.dateShiftMs + s.shownShiftMs;
  return `window opens at ${wallText(shownMs, zone)}, by the schedule ${rule.name}`;
}

const noSender = 'no sender process is ready';

/**
 * The causes that keep all mail waiting, whatever its routes are parked on: a route that waits for something else is not
 * parked on these.
 */
export function globalCauses(s: State, route: number): string[] {
  const paused = s.pauses.reasonOf(s.pauses.counterFor(s.routes.store.get(route), s.routes.tenantOf(route)));
  return [...(paused === '' ? [] : [paused]), ...(s.carried === 0 ? [noSender] : [])];
}

/** What a limit counts, e.g. `domain example.com`, `yahoo`, `slow ones: domain example.com`. */
export function limitText({ rule, key }: AppliedLimit): string {
  const what = `${rule.per.join('+')}${key === '' ? '' : ` ${key}`}`.trim();
  if (rule.name === '') return what === '' ? 'all' : what;
  return what === '' ? rule.name : `${rule.name}: ${what}`;
}

function globalText(s: State, limit: number): string {
  if (limit === s.config.limits.global) return `limit global (${limit}) is full`;
  return limit === 0 ? noSender : `the sender processes carry ${limit} connections`;
}

function localText(limit: number): string {
  return limit === 0 ? noSender : `limit local (${limit}) is full`;
}

/** A route that holds its mail, rather than an operator. */
export function isHoldOfRoute(applied: AppliedLimit | undefined): boolean {
  return applied?.rule.reason !== undefined && !applied.rule.isOverride;
}

function slotText(applied: AppliedLimit, limit: number): string {
  const { origin, reason, untilMs, isOverride } = applied.rule;
  if (isHoldOfRoute(applied)) return `${origin}: ${reason}`;
  if (limit > 0) return `limit ${limitText(applied)} (${limit}) is full`;
  const until = untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
  const why = reason === undefined || reason === '' ? '' : ` (${reason})`;
  return `${limitText(applied)} is ${isOverride ? 'suspended' : 'on hold'}${until}${why}`;
}

function rateText(s: State, gate: number, applied: AppliedLimit): string {
  const { count, perMs } = s.rates.rateOf(gate);
  const what = s.rates.quantityOf(gate).replace('_rate', 's');
  return `limit ${limitText(applied)} lets ${count} ${what} per ${perText(perMs)} through`;
}

function perText(perMs: number): string {
  const names: Record<number, string> = {
    1_000: 'second',
    60_000: 'minute',
    3_600_000: 'hour',
    86_400_000: 'day',
  };
  return names[perMs] ?? `${perMs / 1000} s`;
}

function restText(s: State, name: string): string {
  const address = s.addresses.find(name);
  const shown = policyKeyText(name);
  if (address < 0) return `${shown} rests`;
  const error = s.addresses.errorOf(address);
  if (s.addresses.health.get(address) === Health.resting) {
    return `${shown} rests until ${dateText(s, s.addresses.dueMs.get(address))} (${error})`;
  }
  return `${shown} is tried by one connection first (${error})`;
}
