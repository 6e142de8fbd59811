// Turns of the deliveries to one user: who waits here, and who goes back to the queue.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Busy, UserTurns } from '../../src/deliver/system/user-turns.ts';

/** Deliveries to joe, two at once, that end when the test says so. */
function joe() {
  const turns = new UserTurns();
  const ended: (() => void)[] = [];
  const results: (Busy | string)[] = [];
  const deliver = (name: string, hasStarted = true): void => {
    const act = (begun: () => void): Promise<string> => {
      if (hasStarted) begun();
      const { promise, resolve } = Promise.withResolvers<string>();
      ended.push(() => resolve(name));
      return promise;
    };
    void turns.run('joe', 2, act).then((result) => results.push(result));
  };
  return { deliver, ended, results };
}

/** What was set off by the test so far is over. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('while deliveries get on, others wait for them', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { deliver, ended, results } = joe();
  for (let at = 0; at < 60; at++) deliver(`${at}`);
  for (let at = 0; at < 60; at++) {
    assert.ok(ended.length <= at + 2);
    t.mock.timers.tick(1_000);
    ended[at]?.();
    await settled();
  }
  assert.deepEqual(
    results,
    Array.from({ length: 60 }, (_, at) => `${at}`),
  );
});

test('while all take long, further mail goes back for seconds, one after the other', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { deliver, ended, results } = joe();
  for (const name of ['a', 'b', 'c', 'd']) deliver(name);
  t.mock.timers.tick(1_999);
  await settled();
  assert.equal(results.length, 0);
  t.mock.timers.tick(1);
  deliver('e');
  await settled();
  const times = results.map((each) => (typeof each === 'string' ? 0 : each.retryInMs));
  assert.equal(times.length, 3);
  assert.ok(times.every((each, at) => each >= 3_000 && each > (times[at - 1] ?? 0) && each < 10_000));
  for (const end of ended) end();
  await settled();
  assert.deepEqual(results.slice(3), ['a', 'b']);
  deliver('f');
  ended.at(-1)?.();
  await settled();
  assert.equal(results.at(-1), 'f');
});

test('however much goes back, it comes again within five minutes', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { deliver, results } = joe();
  deliver('a');
  deliver('b');
  t.mock.timers.tick(2_000);
  for (let at = 0; at < 5_000; at++) deliver(`${at}`);
  await settled();
  assert.equal(results.length, 5_000);
  assert.ok(results.every((each) => typeof each !== 'string' && each.retryInMs <= 300_000));
});

test('the start of a process is no work that takes long, unless it does not end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { deliver, results } = joe();
  for (const name of ['a', 'b', 'c']) deliver(name, false);
  t.mock.timers.tick(14_999);
  await settled();
  assert.deepEqual(results, []);
  t.mock.timers.tick(1);
  await settled();
  assert.equal(results.length, 1);
});
