// Answers at times that do not tell how long finding them took, on virtual time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvenTimes } from '../../src/directory/even-times.ts';

function world(mostMs = 5_000) {
  const clock = { now: 1_000_000 };
  /** Waits that are under way, by the time of their end. */
  const due: { readonly at: number; readonly resolve: () => void }[] = [];
  const wait = (ms: number) => new Promise<void>((resolve) => void due.push({ at: clock.now + ms, resolve }));
  const times = new EvenTimes({ wait }, mostMs);
  /** The time until an answer that takes so long to find. Runs whatever waits, in the order of time. */
  const took = async (
    findMs: number,
    answer: 'even' | 'at once' = 'even',
    stepMs = 1_000,
  ): Promise<number> => {
    const begun = clock.now;
    const given = times.give(
      stepMs,
      () => wait(findMs).then(() => answer),
      (found) => found === 'even',
    );
    let isGiven = false;
    void given.then(() => (isGiven = true));
    while (!isGiven) {
      due.sort((a, b) => a.at - b.at);
      const next = due.shift();
      if (next === undefined) throw new Error('nothing is waited for');
      clock.now = next.at;
      next.resolve();
      await new Promise(setImmediate);
    }
    return clock.now - begun;
  };
  return { clock, took };
}

test('what takes less than a step takes a step, and what takes longer ends with one', async () => {
  const { took } = world();
  assert.equal(await took(3), 1_000);
  assert.equal(await took(700), 1_000);
  assert.equal(await took(1_200), 2_000);
});

test('while answers are slow now and then, all are as slow', async () => {
  const { took } = world();
  assert.equal(await took(2_100), 3_000);
  assert.equal(await took(3), 1_000, 'one that is slow by chance');
  assert.equal(await took(2_100), 3_000);
  assert.equal(await took(2_100), 3_000);
  for (let count = 0; count < 28; count++) assert.equal(await took(3), 3_000);
  assert.equal(await took(3), 1_000, 'when those are long ago');
});

test('others wait for slow answers no longer than the bound', async () => {
  const { took } = world();
  for (let count = 0; count < 3; count++) assert.equal(await took(60_000), 60_000);
  assert.equal(await took(3), 5_000);
  assert.equal(await took(3, 'even', 10_000), 10_000, 'a step that is longer');
});

test('an answer whose time may tell something is given at once, and without a step all are', async () => {
  const { took } = world();
  assert.equal(await took(3, 'at once'), 3);
  assert.equal(await took(1_300, 'at once'), 1_300);
  assert.equal(await took(3), 1_000, 'a slow one of these makes no others slow');
  assert.equal(await took(3, 'even', 0), 3);
});

test('an error is passed on', async () => {
  const times = new EvenTimes({ wait: () => new Promise<void>((resolve) => setImmediate(resolve)) }, 5_000);
  const broken = times.give(
    10,
    () => Promise.reject(new Error('the link broke')),
    () => true,
  );
  await assert.rejects(broken, /the link broke/u);
});
