// When to try again: the schedule's delay for this attempt, jittered, never after the message's lifetime.

import type { Random } from '../store/random.ts';

/**
 * Unix ms of the attempt after the `attempts`-th failed one.
 *
 * When the schedule's next attempt would come after the lifetime's end, a last one is made shortly before it, unless that
 * is too soon after this one; then the recipient waits for its end (the returned time is `expiresAtMs`).
 */
export function nextAttemptMs(
  retryMs: readonly number[],
  retryJitter: number,
  attempts: number,
  nowMs: number,
  expiresAtMs: number,
  random: Random,
): number {
  const delay = stepOf(retryMs, attempts) * random.jitter(retryJitter);
  const next = nowMs + Math.max(1, Math.round(delay));
  if (next < expiresAtMs) return next;
  const first = stepOf(retryMs, 1);
  const last = expiresAtMs - first;
  return last - nowMs >= first ? last : expiresAtMs;
}

/**
 * Unix ms at which an attempt after the `attempts`-th failed one can be due at the latest, whatever was written down for it:
 * a clock that was wrong then holds nothing up longer than the schedule does.
 */
export function latestAttemptMs(
  retryMs: readonly number[],
  retryJitter: number,
  attempts: number,
  nowMs: number,
): number {
  return nowMs + Math.ceil(stepOf(retryMs, attempts) * (1 + retryJitter));
}

/** Ms that an address rests after the `failures`-th consecutive failure. */
export function restMs(
  addressRestMs: readonly number[],
  jitter: number,
  failures: number,
  random: Random,
): number {
  return Math.max(1, Math.round(stepOf(addressRestMs, failures) * random.jitter(jitter)));
}

/** The `count`-th step, counted from 1; the last one repeats. */
function stepOf(steps: readonly number[], count: number): number {
  return steps[Math.min(Math.max(count, 1), steps.length) - 1] ?? 0;
}
