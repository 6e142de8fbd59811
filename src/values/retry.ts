// When mail is tried again after an attempt that failed: by a list of times, or by a curve.

import { formatDuration } from './duration.ts';

/** The time after each attempt is `factor` times the one before, and at most `mostMs`. */
export interface ExponentialRetry {
  readonly curve: 'exponential';
  /** Ms after the first attempt that failed; 1 at least. */
  readonly firstMs: number;
  /** 1 at least. */
  readonly factor: number;
  readonly mostMs: number;
}

/**
 * The attempts of a message are due at the ages `firstMs` times 1, 4, 9, 16 ..., as those of qmail-send: the next one is where the
 * square root of the age is greater by that of `firstMs`, whenever the last one was made.
 */
export interface QuadraticRetry {
  readonly curve: 'quadratic';
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Ms after the 1st, 2nd, ... failed attempt, of which the last one repeats; or a curve. */
export type Retry = readonly number[] | ExponentialRetry | QuadraticRetry;

/**
 * Ms from a failed attempt to the next one, before jitter.
 * @param attempts - how many have failed; 1 or more
 * @param ageMs - of the message, at the failure
 */
export function retryDelayMs(retry: Retry, attempts: number, ageMs: number): number {
  if (!('curve' in retry)) return retry[Math.min(Math.max(attempts, 1), retry.length) - 1] ?? 0;
  if (retry.curve === 'exponential') {
    // A factor of 2 leaves the numbers after 1,024 attempts.
    return Math.min(
      retry.firstMs * Math.min(retry.factor ** (Math.max(attempts, 1) - 1), 1e12),
      retry.mostMs,
    );
  }
  const age = Math.max(0, ageMs);
  return Math.min((Math.sqrt(age) + Math.sqrt(retry.firstMs)) ** 2 - age, retry.mostMs);
}

/** The times for people: `5m, 15m, 1h`, or `times 2, from 5m to 4h`. */
export function retryText(retry: Retry): string {
  if (!('curve' in retry)) return retry.map(formatDuration).join(', ');
  const { firstMs, mostMs } = retry;
  const ends = `from ${formatDuration(firstMs)} to ${formatDuration(mostMs)}`;
  return retry.curve === 'quadratic' ? `quadratic ${ends}` : `times ${retry.factor}, ${ends}`;
}

/** Ms from the first failed attempt to the next one. */
export function firstRetryMs(retry: Retry): number {
  return retryDelayMs(retry, 1, 0);
}
