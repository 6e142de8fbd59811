// Random damage to a spool, over many seeds: no accepted message vanishes unreported, no held message is released, and
// nothing is read that was not written. The assertions are in damage-model.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedFailed } from '../../../sim/seed-failed.ts';
import { DamageModel } from './damage-model.ts';

/** Number of seeds and the first one. For a longer search: `SPOOL_SEEDS=5000 SPOOL_FIRST_SEED=10000`. */
const seeds = Number(process.env['SPOOL_SEEDS'] ?? 150);
const first = Number(process.env['SPOOL_FIRST_SEED'] ?? 1);

for (const [most, name] of [
  [1, 'one file'],
  [4, 'up to four files'],
] as const) {
  test(`after damage to ${name}, every accepted message is there or reported, and every held message is held`, async () => {
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
          `SPOOL_FIRST_SEED=${seed} SPOOL_SEEDS=1 npx node --test test/spool/segments/damage-sim.test.ts`,
        );
      }
      for (const [what, count] of Object.entries(model.seen)) total[what] = (total[what] ?? 0) + count;
    }
    // Each kind of event must have happened.
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

test('with journal or "holds" or both emptied, zeroed or ending in zeros, held messages stay held, and the damage is reported', async () => {
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
        `SPOOL_FIRST_SEED=${seed} SPOOL_SEEDS=1 npx node --test test/spool/segments/damage-sim.test.ts`,
      );
    }
    for (const [what, count] of Object.entries(model.seen)) total[what] = (total[what] ?? 0) + count;
  }
  for (const what of ['emptied files', 'zeroed files', 'zeroed tails', 'held', 'held in doubt', 'again']) {
    if (seeds >= 150) assert.ok((total[what] ?? 0) > 0, `nothing was ${what}: ${JSON.stringify(total)}`);
  }
});
