// Power cuts, killed processes and failing disks, at every point and over many seeds: acknowledged messages are kept,
// finished messages stay finished, and nothing is read that was not written. The assertions are in spool-model.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedFailed } from '../../../sim/seed-failed.ts';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { SpoolError } from '../../../src/spool/spool-error.ts';
import { withSeededTimers } from './seeded-timers.ts';
import { SpoolModel } from './spool-model.ts';

/** Number of seeds and the first one. For a longer search: `SPOOL_SEEDS=1000 SPOOL_FIRST_SEED=5000`. */
const seeds = Number(process.env['SPOOL_SEEDS'] ?? 12);
const first = Number(process.env['SPOOL_FIRST_SEED'] ?? 1);

const noFaults = { syncFails: 0, writeFails: 0, shortWrites: 0 };

/** Runs `job` until it ends or the power is cut. */
async function untilCrash(disk: SimulatedDisk, job: () => Promise<void>): Promise<void> {
  await Promise.race([job(), disk.crashed]);
}

/** Runs a model until it stops, or until the power is cut at operation `crashAt`. */
async function runUntilCrash(seed: number, crashAt: number, steps: number): Promise<SpoolModel> {
  const disk = new SimulatedDisk({ seed, crashAt });
  const model = new SpoolModel(seed, disk);
  await untilCrash(disk, async () => {
    await model.start();
    await model.work(steps);
    await model.stop();
  });
  return model;
}

async function check(model: SpoolModel, seed: number): Promise<void> {
  model.disk = model.disk.restarted({ seed });
  await model.start();
  await model.stop();
}

/** Runs a test for each seed. The seed decides everything, timers included; a failure names it. */
async function overSeeds(run: (seed: number) => Promise<void>): Promise<void> {
  for (let seed = first; seed < first + seeds; seed++) {
    await withSeededTimers(seed, () => run(seed)).catch((error: unknown) => {
      throw seedFailed(
        seed,
        error,
        `SPOOL_FIRST_SEED=${seed} SPOOL_SEEDS=1 npx node --test test/spool/segments/crash.test.ts`,
      );
    });
  }
}

test('with a power cut at any operation, no acknowledged message is lost and no finished one comes back', async () => {
  const seed = first + 20_260;
  let operations = 0;
  await withSeededTimers(seed, async () => {
    const whole = await runUntilCrash(seed, Infinity, 40);
    ({ operations } = whole.disk);
  });
  assert.ok(operations > 60, `only ${operations} operations`);
  for (let crashAt = 1; crashAt <= operations; crashAt++) {
    await withSeededTimers(seed, async () => {
      const model = await runUntilCrash(seed, crashAt, 40);
      await check(model, crashAt);
    });
  }
});

test('several runs on one disk, each ended by a power cut, lose nothing', async () => {
  const total = new Map<string, number>();
  await overSeeds(async (seed) => {
    let disk = new SimulatedDisk({ seed, crashAt: 40 + ((seed * 7919) % 400) });
    const model = new SpoolModel(seed, disk);
    for (let run = 1; run <= 4; run++) {
      await untilCrash(disk, async () => {
        await model.start();
        await model.work(150);
        await model.stop();
      });
      disk = disk.restarted({ seed: seed * 100 + run, crashAt: 60 + ((seed * 104_729 + run * 31) % 500) });
      model.disk = disk;
    }
    await check(model, seed);
    for (const [what, count] of Object.entries(model.seen)) total.set(what, (total.get(what) ?? 0) + count);
  });
  // Each kind of event must have happened.
  for (const [what, count] of total)
    if (what !== 'refused' && seeds >= 12) assert.ok(count > 0, `no message was ${what}`);
});

test('when writes and syncs fail, acknowledged messages are kept', async () => {
  await overSeeds(async (seed) => {
    const disk = new SimulatedDisk({ seed, crashAt: 200 + ((seed * 7919) % 600) });
    const model = new SpoolModel(seed, disk);
    await untilCrash(disk, async () => {
      await model.start();
      disk.faults = { syncFails: 0.05, writeFails: 0.05, shortWrites: 0.2 };
      await model.work(200);
      disk.faults = noFaults;
      await model.stop();
    });
    await check(model, seed);
  });
});

test('on a full disk, mail is refused and stored mail is kept', async () => {
  await overSeeds(async (seed) => {
    const disk = new SimulatedDisk({ seed, capacityBytes: 60_000 + (seed % 40) * 1000 });
    const model = new SpoolModel(seed, disk, 30_000);
    await model.start();
    try {
      await model.work(200);
    } catch (error) {
      // Without room for a journal a manager does not start, because it could not store outcomes.
      assert.ok(error instanceof SpoolError && error.code === 'SPOOL_FULL', String(error));
    }
    await check(model, seed);
  });
});
