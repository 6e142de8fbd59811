// Whole-system simulation: the real scheduler, manager and segment store on a simulated disk, judged from outside.
// `npm run simulate:system` runs more seeds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed } from '../../sim/system/run-seed.ts';
import { runSeeds } from './system-seeds.ts';

test('under faults, a message answered 250 ends once but for documented duplicates, and no limit is exceeded', async () => {
  await runSeeds(1);
});

for (const [sabotage, name] of [
  ['unasked', 'a manager that grants before it knows of the senders of before'],
  ['silent-hello', 'a sender that does not say what it has delivered'],
  ['unpinned', 'a message in flight that is moved in the spool'],
] as const) {
  test(`${name} would be found`, async () => {
    let found = 0;
    // One seed in thirty finds it, or more.
    for (let seed = 1; seed <= 300 && found === 0; seed++) {
      await runSeed(seed, { sabotage }).catch(() => found++);
    }
    assert.ok(found > 0, 'no seed has found it');
  });
}

test('the same seed gives the same run', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [first, second] = [await runSeed(seed), await runSeed(seed)];
    assert.equal(first.steps, second.steps, `seed ${seed}`);
    assert.equal(first.fingerprint, second.fingerprint, `seed ${seed}`);
    assert.deepEqual(first.books.seen, second.books.seen, `seed ${seed}`);
  }
});
