// Durations as an administrator writes them ("30s", "4h", "1h30m"): parsed to milliseconds, and printed.
// Promises: `parseDuration` reads the text of `formatDuration` back to the same number.

import { ValueError } from './value-error.ts';

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const advice = 'write a number and a unit (ms, s, m, h, d, w), e.g. "30s", "5m" or "1h30m"';

/**
 * Reads a duration.
 * @returns Milliseconds, 0 or more.
 * @throws {ValueError} when the text is not a duration.
 */
export function parseDuration(text: string): number {
  const part = /(\d+)(ms|s|m|h|d|w)/y;
  let total = 0;
  let previousUnit = Infinity;
  let end = 0;
  while (end < text.length) {
    part.lastIndex = end;
    const match = part.exec(text);
    if (match === null) throw new ValueError(`"${text}" is not a duration; ${advice}`);
    const unit = unitMs[match[2] as keyof typeof unitMs];
    if (unit >= previousUnit) {
      throw new ValueError(
        `"${text}" is not a duration: the units must go from large to small, each once; ${advice}`,
      );
    }
    previousUnit = unit;
    total += Number(match[1]) * unit;
    end = part.lastIndex;
  }
  if (text === '') throw new ValueError(`a duration is missing; ${advice}`);
  if (!Number.isSafeInteger(total)) throw new ValueError(`"${text}" is too long`);
  return total;
}

/** Prints milliseconds as a duration that `parseDuration` reads. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const [unit, size] of Object.entries(unitMs).reverse()) {
    // Weeks are read but not printed: people expect "7d".
    if (unit === 'w') continue;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}
