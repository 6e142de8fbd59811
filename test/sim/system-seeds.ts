// Runs many seeds of the whole system, and checks that the books had enough to judge.

import assert from 'node:assert/strict';
import { runSeed } from '../../sim/system/run-seed.ts';

/** SEEDS=20 runs twenty times as many seeds. */
const times = Number(process.env.SEEDS ?? 1);

/** Seeds that one test file of `npm test` runs. */
export const seedsOfOneFile = 1_000 * times;

/** Least number of each event, on average over the seeds; books that see fewer events prove nothing. */
const least = {
  accepted: 8,
  refused: 0.02,
  arrivals: 8,
  reports: 1,
  expired: 0.5,
  repeats: 0.01,
  judged: 10,
} as const;

/** Runs `seedsOfOneFile` seeds. @throws with the first that fails */
export async function runSeeds(from: number): Promise<void> {
  const seen = Object.fromEntries(Object.keys(least).map((name) => [name, 0]));
  for (let seed = from; seed < from + seedsOfOneFile; seed++) {
    const { books, limitBooks } = await runSeed(seed);
    for (const [name, count] of Object.entries({ ...books.seen, judged: limitBooks.judged })) {
      seen[name] = (seen[name] ?? 0) + count;
    }
  }
  for (const [name, share] of Object.entries(least)) {
    assert.ok((seen[name] ?? 0) > share * seedsOfOneFile, `${name}: ${JSON.stringify(seen)}`);
  }
}
