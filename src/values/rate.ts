// Rates as an administrator writes them ("600/min"): a number of events in a window of time.

import { ValueError } from './value-error.ts';

/** At most `count` events in any `perMs` milliseconds. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** A rate that nothing can exceed. */
export const unlimitedRate: Rate = { count: 0x7fffffff, perMs: 1000 };

const windowMs = new Map([
  ['s', 1000],
  ['sec', 1000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['hour', 3_600_000],
  ['d', 86_400_000],
  ['day', 86_400_000],
]);

/**
 * Reads a rate.
 * @throws {ValueError} when the text is not a rate.
 */
export function parseRate(text: string): Rate {
  const match = /^(\d+) ?\/ ?([a-z]+)$/.exec(text);
  const perMs = windowMs.get(match?.[2] ?? '');
  const count = Number(match?.[1]);
  if (match === null || perMs === undefined || !Number.isSafeInteger(count)) {
    throw new ValueError(`"${text}" is not a rate; write a number per sec, min, hour or day, e.g. "600/min"`);
  }
  if (count === 0) throw new ValueError(`"${text}" would let nothing through; write at least 1`);
  return { count, perMs };
}
