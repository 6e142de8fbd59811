// When an automatic answer of a user is given: days and minutes in the time zone of this host.

import type { Autoreply } from '../values/autoreply.ts';

const form = /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:T(?<hour>\d\d):(?<minute>\d\d))?$/u;

/** The span of a day or a minute, Unix ms; undefined when the text is no date. */
export function spanOf(text: string): { readonly startMs: number; readonly endMs: number } | undefined {
  const { year, month, day, hour, minute } = form.exec(text)?.groups ?? {};
  if (year === undefined) return undefined;
  const at = [Number(year), Number(month) - 1, Number(day), Number(hour ?? 0), Number(minute ?? 0)] as const;
  const start = new Date(...at);
  // A day such as the 31st of February would be another one.
  const isThere = start.getMonth() === at[1] && start.getDate() === at[2] && at[3] < 24 && at[4] < 60;
  if (!isThere) return undefined;
  const end = hour === undefined ? new Date(at[0], at[1], at[2] + 1) : new Date(start.getTime() + 60_000);
  return { startMs: start.getTime(), endMs: end.getTime() };
}

/** Is mail answered now? */
export function isAnswering({ from, until }: Pick<Autoreply, 'from' | 'until'>, nowMs: number): boolean {
  const begins = from === undefined ? undefined : spanOf(from);
  const ends = until === undefined ? undefined : spanOf(until);
  return (begins === undefined || nowMs >= begins.startMs) && (ends === undefined || nowMs < ends.endMs);
}
