// Threads that do not end stop new ones from being started; those that take a while do not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EndingThreads } from '../../../src/plugin/host/ending-threads.ts';

const thread = () => ({ hasExited: false });

test('two threads that have not ended after a minute are too many, until one ends', () => {
  let nowMs = 0;
  const ending = new EndingThreads(() => nowMs);
  const [first, second] = [thread(), thread()];
  ending.add(first);
  ending.add(second);
  ending.add({ hasExited: true });
  assert.equal(ending.areTooMany, false);
  nowMs = 59_999;
  assert.equal(ending.areTooMany, false);
  nowMs = 60_000;
  assert.equal(ending.areTooMany, true);
  first.hasExited = true;
  assert.equal(ending.areTooMany, false);
});

test('ten threads that have not ended yet are too many at once', () => {
  const ending = new EndingThreads(() => 0);
  for (let count = 0; count < 9; count++) ending.add(thread());
  assert.equal(ending.areTooMany, false);
  ending.add(thread());
  assert.equal(ending.areTooMany, true);
});
