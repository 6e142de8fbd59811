// Sizes as an administrator writes them ("64KiB", "25MB"): parsed to bytes, and printed.
// Promises: KiB is 1024 bytes, KB is 1000; `parseSize` reads the text of `formatSize` back to the same number.

import { ValueError } from './value-error.ts';

const unitBytes = {
  B: 1,
  KB: 1000,
  KiB: 1024,
  MB: 1000 ** 2,
  MiB: 1024 ** 2,
  GB: 1000 ** 3,
  GiB: 1024 ** 3,
  TB: 1000 ** 4,
  TiB: 1024 ** 4,
} as const;
type Unit = keyof typeof unitBytes;
const advice = 'write a number and a unit (B, KiB, MiB, GiB, or KB, MB, GB), e.g. "64KiB" or "25MB"';

/**
 * Reads a size.
 * @returns Bytes, a whole number.
 * @throws {ValueError} when the text is not a size.
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text);
  const name = match?.[2] ?? '';
  const unit = (Object.keys(unitBytes) as Unit[]).find((known) => known.toLowerCase() === name.toLowerCase());
  if (match === null || unit === undefined) throw new ValueError(`"${text}" is not a size; ${advice}`);
  const bytes = Math.round(Number(match[1]) * unitBytes[unit]);
  if (!Number.isSafeInteger(bytes)) throw new ValueError(`"${text}" is too large`);
  return bytes;
}

/** Prints bytes in the largest unit that keeps the number whole. */
export function formatSize(bytes: number): string {
  let best: Unit = 'B';
  for (const unit of Object.keys(unitBytes) as Unit[]) {
    if (bytes > 0 && bytes % unitBytes[unit] === 0 && unitBytes[unit] >= unitBytes[best]) best = unit;
  }
  return `${bytes / unitBytes[best]}${best}`;
}

/** For people: `12 B`, `3.4 KiB`, `1.2 GiB`. */
export function roundedSize(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
