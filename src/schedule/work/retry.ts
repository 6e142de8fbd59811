// When to try again: the schedule's delay for this attempt, jittered, never after the message's lifetime.

import { type Retry, retryDelayMs } from '../../values/retry.ts';
import type { Random } from '../store/random.ts';
import type { Times } from '../times/mail-times.ts';
import { attemptBeforeEndMs, type Life } from './last-attempt.ts';

/**
 * Unix ms of the attempt after the `attempts`-th failed one; when it would come after the lifetime, or its windows, that of a last
 * one before; `life.expiresAtMs` when the last one has been made: the recipient waits for its end.
 */
export function nextAttemptMs(
  times: Times,
  retryJitter: number,
  attempts: number,
  life: Life,
  random: Random,
): number {
  const delay = retryDelayMs(times.retry, attempts, life.ageMs) * random.jitter(retryJitter);
  return attemptBeforeEndMs(times, life, life.nowMs + Math.max(1, Math.round(delay)));
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
