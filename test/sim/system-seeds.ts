// Runs many seeds of the whole system, and checks that the books had enough to judge.

import assert from 'node:assert/strict';
import { runSeed } from '../../sim/system/run-seed.ts';
import type { System } from '../../sim/system/system.ts';

/** SEEDS=20 runs twenty times as many seeds. */
const times = Number(process.env.SEEDS ?? 1);

/** Seeds that one test file of `npm test` runs. Any 300 find each of the planted faults (`sabotage.test.ts`). */
export const seedsOfOneFile = 500 * times;

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

/** Least share of the worlds in which each of these must happen. */
const leastWorlds = {
  fullGroup: 0.05,
  fullNetwork: 0.03,
  fullSource: 0.03,
  fullTenant: 0.05,
  rateUnits: 0.3,
  fullRate: 0.1,
  limitsSet: 0.1,
  limitsUnset: 0.1,
  limitsKept: 0.02,
  outages: 0.06,
  stranded: 0.06,
  outlived: 0.01,
  sourcesLost: 0.02,
  sourceRests: 0.02,
  stopsInOrder: 0.05,
  stopsInWork: 0.05,
  statusCompared: 0.8,
  queueCompared: 0.8,
  answersJudged: 0.1,
  refusedRows: 0.5,
} as const;

/** How often it happened in a world. */
function happened({
  answers,
  grants,
  inquiry,
  limitBooks,
  nameServers,
  rateBooks,
  refusals,
  sourceBooks,
  restarts,
}: System): Record<keyof typeof leastWorlds, number> {
  const { group, network, source, tenant } = limitBooks.full;
  return {
    fullGroup: group,
    fullNetwork: network,
    fullSource: source,
    fullTenant: tenant,
    rateUnits: rateBooks.seen.units,
    fullRate: rateBooks.seen.full,
    ...grants.overrides.seen,
    ...nameServers.books.seen,
    ...sourceBooks.seen,
    ...restarts.seen,
    statusCompared: inquiry?.compared.status ?? 0,
    queueCompared: inquiry?.compared.page ?? 0,
    answersJudged: answers.judged,
    refusedRows: refusals.judged,
  };
}

/** Runs `seedsOfOneFile` seeds. @throws with the first that fails */
export async function runSeeds(from: number): Promise<void> {
  const seen = Object.fromEntries(Object.keys(least).map((name) => [name, 0]));
  const worlds = Object.fromEntries(Object.keys(leastWorlds).map((name) => [name, 0]));
  for (let seed = from; seed < from + seedsOfOneFile; seed++) {
    const system = await runSeed(seed);
    const { books, limitBooks } = system;
    for (const [name, count] of Object.entries(happened(system))) {
      if (count > 0) worlds[name] = (worlds[name] ?? 0) + 1;
    }
    for (const [name, count] of Object.entries({ ...books.seen, judged: limitBooks.judged })) {
      seen[name] = (seen[name] ?? 0) + count;
    }
  }
  for (const [name, share] of Object.entries(least)) {
    assert.ok((seen[name] ?? 0) > share * seedsOfOneFile, `${name}: ${JSON.stringify(seen)}`);
  }
  for (const [name, share] of Object.entries(leastWorlds)) {
    assert.ok((worlds[name] ?? 0) > share * seedsOfOneFile, `${name}: ${JSON.stringify(worlds)}`);
  }
}
