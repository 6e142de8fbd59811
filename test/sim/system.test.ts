// Whole-system simulation: the real scheduler, manager and segment store on a simulated disk, judged from outside.
// `npm run simulate:system` runs more seeds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed } from '../../sim/system/run-seed.ts';
import { runSeeds } from './system-seeds.ts';

test('under faults, a message answered 250 ends once but for documented duplicates, and no limit is exceeded', async () => {
  await runSeeds(1);
});

test('the same seed gives the same run', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [first, second] = [await runSeed(seed), await runSeed(seed)];
    assert.equal(first.steps, second.steps, `seed ${seed}`);
    assert.equal(first.fingerprint, second.fingerprint, `seed ${seed}`);
    assert.deepEqual(first.books.seen, second.books.seen, `seed ${seed}`);
  }
});
