// Another program fills the disk while mail is delivered, over many seeds: an outcome that belongs to a grant from before
// is stored by a clean stop, nothing that was answered 250 is lost, and only what a kill cuts short is delivered again.
// The promises are in full-disk-model.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedFailed } from '../../sim/seed-failed.ts';
import { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import { FullDiskModel } from './full-disk-model.ts';
import { withSeededTimers } from './seeded-timers.ts';

/** More of them, further from the first, for a longer search: `SPOOL_SEEDS=1000 SPOOL_FIRST_SEED=5000`. */
const seeds = Number(process.env['SPOOL_SEEDS'] ?? 25);
const first = Number(process.env['SPOOL_FIRST_SEED'] ?? 1);

async function severalLives(model: FullDiskModel): Promise<void> {
  const { disk } = model;
  for (let life = 0; life < 6; life++) {
    await model.start();
    await model.work(400);
    if (life % 3 === 2) model.kill();
    else await model.stop();
    // A read-only file system takes no socket either: Sluice starts when it is mounted for writing.
    disk.readOnly = false;
  }
  disk.makeRoom();
  await model.start();
  await model.stop();
}

test('a disk that fills up and empties at any moment: stops store every outcome, starts lose and repeat nothing', async () => {
  const total = new Map<string, number>();
  for (let seed = first; seed < first + seeds; seed++) {
    const model = new FullDiskModel(seed, new SimulatedDisk({ seed, capacityBytes: 150_000 }));
    await withSeededTimers(seed, () => severalLives(model)).catch((error: unknown) => {
      throw seedFailed(
        seed,
        error,
        `SPOOL_FIRST_SEED=${seed} SPOOL_SEEDS=1 npx node --test test/spool/full-disk.test.ts`,
      );
    });
    for (const [what, count] of Object.entries(model.seen)) total.set(what, (total.get(what) ?? 0) + count);
  }
  if (seeds >= 25) for (const [what, count] of total) assert.ok(count > 20, `${what}: ${count}`);
});
