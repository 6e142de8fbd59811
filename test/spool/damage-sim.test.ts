// Thousands of ways to damage a spool: nothing accepted vanishes without a word, nothing held goes out, nothing is read
// that was not written. The promises are in damage-model.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedFailed } from '../../sim/seed-failed.ts';
import { DamageModel } from './damage-model.ts';

/** More of them, further from the first, for a longer search: `SPOOL_SEEDS=5000 SPOOL_FIRST_SEED=10000`. */
const seeds = Number(process.env['SPOOL_SEEDS'] ?? 150);
const first = Number(process.env['SPOOL_FIRST_SEED'] ?? 1);

for (const [most, name] of [
  [1, 'one file'],
  [4, 'up to four files'],
] as const) {
  test(`damage to ${name}: what was accepted is there or named, what was held is held`, async () => {
    const total: Record<string, number> = {};
    for (let seed = first; seed < first + seeds; seed++) {
      const model = new DamageModel(seed * 10 + most);
      try {
        await model.live();
        await model.damage(most);
        await model.check();
      } catch (error) {
        throw seedFailed(
          seed,
          error,
          `SPOOL_FIRST_SEED=${seed} SPOOL_SEEDS=1 npx node --test test/spool/damage-sim.test.ts`,
        );
      }
      for (const [what, count] of Object.entries(model.seen)) total[what] = (total[what] ?? 0) + count;
    }
    // A run in which nothing happens proves nothing.
    for (const what of [
      'flips',
      'cuts',
      'vanished files',
      'damaged',
      'unreadable',
      'held',
      'again',
      'read',
    ]) {
      if (seeds >= 150) assert.ok((total[what] ?? 0) > 0, `nothing was ${what}: ${JSON.stringify(total)}`);
    }
  });
}

test('journal and holds emptied, zeroed or with zeros for a tail, one or both: what was held is held, and it is told', async () => {
  const total: Record<string, number> = {};
  for (let seed = first; seed < first + seeds; seed++) {
    const model = new DamageModel(seed * 10 + 7);
    try {
      await model.live();
      await model.blank();
      await model.check();
    } catch (error) {
      throw seedFailed(
        seed,
        error,
        `SPOOL_FIRST_SEED=${seed} SPOOL_SEEDS=1 npx node --test test/spool/damage-sim.test.ts`,
      );
    }
    for (const [what, count] of Object.entries(model.seen)) total[what] = (total[what] ?? 0) + count;
  }
  for (const what of ['emptied files', 'zeroed files', 'zeroed tails', 'held', 'held in doubt', 'again']) {
    if (seeds >= 150) assert.ok((total[what] ?? 0) > 0, `nothing was ${what}: ${JSON.stringify(total)}`);
  }
});
