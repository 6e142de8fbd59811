// Jobs take turns, and leave the manager two thirds of its time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, VirtualTimers } from '../../sim/virtual-timers.ts';
import { JobPace } from '../../src/manager/jobs/job-pace.ts';

/** Timers whose clock advances while a slice works. */
function working() {
  const timers = new VirtualTimers();
  let workedMs = 0;
  const pace = new JobPace({
    nowMs: () => timers.nowMs() + workedMs,
    setTimeout: (act, delayMs) => timers.setTimeout(act, delayMs),
    setInterval: (act, everyMs) => timers.setInterval(act, everyMs),
    clear: (timer) => timers.clear(timer),
    setImmediate: (act) => timers.setImmediate(act),
  });
  return { timers, pace, work: (ms: number) => (workedMs += ms), workedMs: () => workedMs };
}

test('however many jobs work, slices take a third of the time at most', async () => {
  const { timers, pace, work, workedMs } = working();
  const slices = [0, 0, 0];
  const job = async (index: number): Promise<void> => {
    for (;;) {
      await pace.slice(() => work(4));
      slices[index] = (slices[index] ?? 0) + 1;
    }
  };
  for (const index of slices.keys()) void job(index);
  await timers.pass(12_000);
  const waitedMs = 12_000;
  const share = workedMs() / (waitedMs + workedMs());
  assert.ok(share > 0.3 && share < 0.334, `they took ${share} of the time`);
  const total = slices.reduce((sum, each) => sum + each, 0);
  for (const each of slices) assert.ok(Math.abs(each - total / 3) <= 1, `turns: ${slices.join(' ')}`);
});

test('work outside of slices counts when it is over, and holds nobody up before', async () => {
  const { timers, pace } = working();
  let slices = 0;
  const slice = async () => {
    await pace.slice(() => slices++);
  };
  void slice();
  await timers.pass(1);
  assert.equal(slices, 1, 'a read that hangs has not been counted yet');
  pace.spent(50);
  void slice();
  await timers.pass(99);
  assert.equal(slices, 1);
  await timers.pass(2);
  assert.equal(slices, 2);
});

test('a slice that throws ends its own job only', async () => {
  const { timers, pace } = working();
  const failing = pace.slice(() => {
    throw new Error('surprise');
  });
  let isDone = false;
  const next = pace.slice(() => (isDone = true));
  const failed = assert.rejects(failing, /surprise/);
  await timers.pass(10);
  await failed;
  await next;
  await settled();
  assert.ok(isDone);
});
