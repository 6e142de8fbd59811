// The answer to a reload waits for the listeners of all receivers, and for no receiver that is gone or hangs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenedListeners } from '../../src/process/supervise/opened-listeners.ts';

test('reasons of several receivers are gathered, the same ones once', async () => {
  const opened = new OpenedListeners();
  let reload = 0;
  const all = opened.gather([1, 2], [], (number) => (reload = number));
  opened.answered(1, reload, ['in use', 'no such address']);
  opened.answered(2, reload, ['in use']);
  assert.deepEqual(await all, ['in use', 'no such address']);
});

test('each reload has the answers to its own number', async () => {
  const opened = new OpenedListeners();
  const numbers: number[] = [];
  const first = opened.gather([1], [], (number) => numbers.push(number));
  const second = opened.gather([1], [], (number) => numbers.push(number));
  const [one = 0, two = 0] = numbers;
  opened.answered(1, one, ['in use']);
  opened.answered(1, two, []);
  assert.deepEqual([await first, await second], [['in use'], []]);
});

test('without receivers, or when the last one ends, nothing is waited for', async () => {
  const opened = new OpenedListeners();
  assert.deepEqual(await opened.gather([], [], () => undefined), []);
  const all = opened.gather([1, 2], [], (reload) => opened.answered(1, reload, ['in use']));
  opened.ended(2);
  assert.deepEqual(await all, ['in use']);
});

test('a receiver that hangs is named after five seconds', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const all = new OpenedListeners().gather([1], [], () => undefined);
  t.mock.timers.tick(5_000);
  assert.deepEqual(await all, ['A receiver process has not answered.']);
});

test('the answer waits for the manager, too, which is not named when it takes long', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const opened = new OpenedListeners();
  let isDone = false;
  let reload = 0;
  const all = opened.gather([1], [2], (number) => (reload = number));
  void all.then(() => (isDone = true));
  opened.answered(1, reload, []);
  await Promise.resolve();
  assert.equal(isDone, false);
  opened.answered(2, reload, []);
  assert.deepEqual(await all, []);
  const late = opened.gather([], [2], () => undefined);
  t.mock.timers.tick(5_000);
  assert.deepEqual(await late, []);
});
