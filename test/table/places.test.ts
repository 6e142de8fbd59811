// A limited number of places, and a bounded queue for them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Places } from '../../src/table/places.ts';

test('work beyond the places waits in order, and work beyond the queue is refused', async () => {
  const places = new Places(2, 2);
  const order: string[] = [];
  assert.deepEqual(await Promise.all([places.take(), places.take()]), [true, true]);
  const waiting = ['first', 'second'].map(async (name) => {
    assert.equal(await places.take(), true);
    order.push(name);
  });
  assert.equal(await places.take(), false);
  assert.deepEqual(order, []);
  places.free();
  await waiting[0];
  assert.deepEqual(order, ['first']);
  places.free();
  await waiting[1];
  assert.deepEqual(order, ['first', 'second']);
  places.free();
  places.free();
  let isThird = false;
  assert.deepEqual(await Promise.all([places.take(), places.take()]), [true, true]);
  void places.take().then(() => (isThird = true));
  await new Promise(setImmediate);
  assert.equal(isThird, false);
});
