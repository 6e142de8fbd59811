// Another program fills the disk while mail is delivered, over many seeds: an orderly stop stores the outcomes of all
// deliveries that had begun, no acknowledged message is lost, and only a kill makes a delivery be repeated. The assertions
// are in full-disk-model.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedFailed } from '../../../sim/seed-failed.ts';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { FullDiskModel } from './full-disk-model.ts';
import { withSeededTimers } from './seeded-timers.ts';

/** Number of seeds and the first one. For a longer search: `SPOOL_SEEDS=1000 SPOOL_FIRST_SEED=5000`. */
const seeds = Number(process.env['SPOOL_SEEDS'] ?? 25);
const first = Number(process.env['SPOOL_FIRST_SEED'] ?? 1);

async function severalRuns(model: FullDiskModel): Promise<void> {
  const { disk } = model;
  for (let run = 0; run < 6; run++) {
    await model.start();
    await model.work(400);
    if (run % 3 === 2) model.kill();
    else await model.stop();
    // On a read-only file system Sluice cannot make its sockets, so it starts only when it can write again.
    disk.readOnly = false;
  }
  disk.makeRoom();
  await model.start();
  await model.stop();
}

test('while a disk fills up and empties at any moment, a stop stores every outcome, and a start loses and repeats nothing', async () => {
  const total = new Map<string, number>();
  for (let seed = first; seed < first + seeds; seed++) {
    const model = new FullDiskModel(seed, new SimulatedDisk({ seed, capacityBytes: 150_000 }));
    await withSeededTimers(seed, () => severalRuns(model)).catch((error: unknown) => {
      throw seedFailed(
        seed,
        error,
        `SPOOL_FIRST_SEED=${seed} SPOOL_SEEDS=1 npx node --test test/spool/segments/full-disk.test.ts`,
      );
    });
    for (const [what, count] of Object.entries(model.seen)) total.set(what, (total.get(what) ?? 0) + count);
  }
  if (seeds >= 25) for (const [what, count] of total) assert.ok(count > 20, `${what}: ${count}`);
});
