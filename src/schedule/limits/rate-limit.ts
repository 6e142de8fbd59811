// Rates as arithmetic: the generic cell rate algorithm (ITU-T I.371 annex A, virtual scheduling). Promises: never more
// than `count` events in any half-open stretch of `perMs`, spaced evenly instead of in bursts, in one number of state.

import type { Rate } from '../../values/rate.ts';

/**
 * Ms that a caller may wake up late without loss: a clock in whole milliseconds and a busy event loop would else make
 * every gap a little longer, and 10/sec a rate of 9.5.
 */
const lateMs = 10;
/** Unix ms in double precision are exact to 1/2048 until the year 2109; with spacings of this grain sums never round. */
const grain = 2048;

/**
 * How many events may go at once: about a hundredth of the rate, at most what comes in a second, because what goes at
 * once is missing from the steady flow. Recipients come several to a message: up to a twentieth, at most 100.
 */
export function burstOf({ count, perMs }: Rate, isRecipients: boolean): number {
  const few = Math.floor((count * Math.min(perMs / 100, 1000)) / perMs);
  const many = isRecipients ? Math.min(Math.floor(count / 20), 100) : 0;
  return Math.max(1, few, many);
}

/**
 * Ms between events in the long run. Longer than `perMs / count`, as a burst in front of a steady flow may not exceed the
 * rate either: of `count` at least 99 % get through, of recipients 95 %.
 *
 * Why it is exact: within `perMs` come at most `(perMs + tolerance) / spacing` events (rounded up), and the tolerance is
 * the longer of `lateMs` and `(burst - 1) * spacing`; with either the result is no more than `count`.
 * @param burst - of {@link burstOf}
 */
export function spacingMs({ count, perMs }: Rate, burst: number): number {
  const longest = Math.max(perMs / (count - burst + 1), (perMs + lateMs) / count);
  return Math.ceil(longest * grain) / grain;
}

/**
 * Unix ms from which on so many events may go together; when that is past: now.
 * @param tatMs - the theoretical arrival time: the state of the rate, 0 when nothing went yet
 * @param events - 1 to `burst`
 * @param spacing - of {@link spacingMs}
 */
export function freeAtMs(tatMs: number, events: number, spacing: number, burst: number): number {
  return tatMs + (events - 1) * spacing - Math.max((burst - 1) * spacing, lateMs);
}

/** The latest theoretical arrival time that events can have led to which were let go until `nowMs`. */
export function latestTatMs(spacing: number, burst: number, nowMs: number): number {
  return nowMs + Math.max(burst * spacing, spacing + lateMs);
}

/** The theoretical arrival time after so many events went at `nowMs`. */
export function spent(tatMs: number, events: number, spacing: number, nowMs: number): number {
  return Math.max(tatMs, nowMs) + events * spacing;
}
