// The last attempt of mail that cannot be delivered: shortly before its lifetime ends, or before the last delivery window in its
// lifetime closes. Without it, mail would go back hours after it was last tried, though its destination may have come back. As
// qmail-send, which tries mail once more before it gives up; but before the end, so that no mail is tried beyond its lifetime.

import { firstRetryMs } from '../../values/retry.ts';
import type { State } from '../state.ts';
import type { Times } from '../times/mail-times.ts';

/** Longest time from the last attempt to the end: enough to wait for a connection. */
const mostMs = 300_000;
/** At least so many of it make a lifetime. */
const leastInLifetime = 16;

/** The moment of a failed attempt, and the life of its mail. All in Unix ms of the scheduler's time but `ageMs`. */
export interface Life {
  readonly nowMs: number;
  /** Of the message, now. */
  readonly ageMs: number;
  readonly expiresAtMs: number;
  /** Ms from the scheduler's time to the date, by which windows open. */
  readonly dateShiftMs: number;
}

/** The life of a message. @param expiresAtMs - for the recipients in question; Infinity for held mail */
export function lifeOf(s: State, message: number, expiresAtMs: number, nowMs: number): Life {
  const ageMs = nowMs - s.messages.receivedAtMs.get(message);
  return { nowMs, ageMs, expiresAtMs, dateShiftMs: s.dateShiftMs };
}

/**
 * Unix ms of the attempt that comes when the times between attempts lead to `nextMs`: that one, if there is a later chance or it is
 * the last one; else the last one; the end of the lifetime (Infinity for what has none), when no other attempt is made.
 */
export function attemptBeforeEndMs(times: Times, life: Life, nextMs: number): number {
  const { nowMs, ageMs, expiresAtMs, dateShiftMs } = life;
  const { retry, hours } = times;
  if (expiresAtMs === Infinity) return nextMs;
  const beforeMs = Math.min(firstRetryMs(retry), mostMs, (ageMs + expiresAtMs - nowMs) / leastInLifetime);
  let endMs = expiresAtMs;
  if (typeof hours === 'object') {
    // There is a window after the one in which the next attempt is made.
    if (hours.reopensMs(nextMs + dateShiftMs) < expiresAtMs + dateShiftMs) return nextMs;
    endMs = hours.lastOpenMs(nowMs + dateShiftMs, expiresAtMs + dateShiftMs) - dateShiftMs;
  }
  const lastMs = Math.ceil(endMs - beforeMs);
  // What was tried so near the end has been tried for the last time.
  const mayBeTried = endMs - nowMs >= 2 * beforeMs && lastMs > nowMs;
  if (mayBeTried) return Math.min(nextMs, lastMs);
  return Math.min(nextMs, expiresAtMs);
}
