// When to try again: the schedule's delay for this attempt, jittered, never after the message's lifetime.

import { firstRetryMs, type Retry, retryDelayMs } from '../../values/retry.ts';
import type { Random } from '../store/random.ts';

/**
 * Unix ms of the attempt after the `attempts`-th failed one.
 * @param ageMs - of the message
 *
 * When the schedule's next attempt would come after the lifetime's end, a last one is made shortly before it, unless that
 * is too soon after this one; then the recipient waits for its end (the returned time is `expiresAtMs`).
 */
export function nextAttemptMs(
  retry: Retry,
  retryJitter: number,
  attempts: number,
  ageMs: number,
  nowMs: number,
  expiresAtMs: number,
  random: Random,
): number {
  const delay = retryDelayMs(retry, attempts, ageMs) * random.jitter(retryJitter);
  const next = nowMs + Math.max(1, Math.round(delay));
  if (next < expiresAtMs) return next;
  const first = firstRetryMs(retry);
  const last = expiresAtMs - first;
  return last - nowMs >= first ? last : expiresAtMs;
}

/**
 * Unix ms at which an attempt after the `attempts`-th failed one can be due at the latest, whatever was written down for it:
 * a clock that was wrong then holds nothing up longer than the schedule does.
 */
export function latestAttemptMs(
  retry: Retry,
  retryJitter: number,
  attempts: number,
  ageMs: number,
  nowMs: number,
): number {
  return nowMs + Math.ceil(retryDelayMs(retry, attempts, ageMs) * (1 + retryJitter));
}

/** Ms that an address rests after the `failures`-th consecutive failure. */
export function restMs(
  addressRestMs: readonly number[],
  jitter: number,
  failures: number,
  random: Random,
): number {
  return Math.max(1, Math.round(retryDelayMs(addressRestMs, failures, 0) * random.jitter(jitter)));
}
