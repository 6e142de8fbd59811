// When reports are sent. Pure.

import { createHash } from 'node:crypto';
import { dayBeginMs, dayMs, type ReportName } from './report.ts';

/** RFC 8460 4.1: reports of a day are not all sent at its end. So those of one host are spread over these hours. */
const spreadMs = 4 * 3_600_000;
/** What ended with the day may be counted a moment later. */
const settleMs = 10 * 60_000;
/** RFC 8460 5.5: attempts are repeated, less and less often, for a day. */
const pausesMs = [5, 15, 45, 120, 240, 480].map((minutes) => minutes * 60_000);
const giveUpMs = dayMs;

/** When a day is over, and reports about it may be made. */
export function dayEndMs(day: string): number {
  return dayBeginMs(day) + dayMs + settleMs;
}

/** When a report is due: at the same time of each day. @param hostname - two hosts do not report to a domain at once */
export function dueMs({ kind, day, domain }: ReportName, hostname: string): number {
  const hash = createHash('sha256').update(`${hostname}\n${kind}\n${domain}`).digest().readUInt32BE(0);
  return dayEndMs(day) + Math.floor((hash / 2 ** 32) * spreadMs);
}

/** When the next attempt is, after so many that failed; undefined: there is none. */
export function nextAttemptMs(attempts: number, firstMs: number, nowMs: number): number | undefined {
  const pause = pausesMs[Math.min(attempts, pausesMs.length) - 1] ?? giveUpMs;
  const next = nowMs + pause;
  return next > firstMs + giveUpMs ? undefined : next;
}
