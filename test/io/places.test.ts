// Places for programs, and the line of those who wait.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Places } from '../../src/io/places.ts';

test('places are given in the order of the line, which is bounded', async () => {
  const places = new Places(1, 2);
  const order: string[] = [];
  assert.equal(await places.take(1000), 'place');
  const first = places.take(60_000).then((answer) => order.push(`first ${answer}`));
  const second = places.take(60_000).then((answer) => order.push(`second ${answer}`));
  assert.equal(await places.take(60_000), 'full');
  places.leave();
  await first;
  places.leave();
  await second;
  assert.deepEqual(order, ['first place', 'second place']);
  places.leave();
  assert.equal(await places.take(1000), 'place');
});

test('a wait ends when its time is over, and takes no place then', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const places = new Places(1, 2);
  await places.take(1000);
  const late = places.take(1000);
  t.mock.timers.tick(1000);
  assert.equal(await late, 'late');
  places.leave();
  assert.equal(await places.take(1000), 'place');
});

test('more places let those in who wait', async () => {
  const places = new Places(1, 10);
  await places.take(1000);
  const waiting = [places.take(60_000), places.take(60_000)];
  places.configure(3, 10);
  assert.deepEqual(await Promise.all(waiting), ['place', 'place']);
  const fourth = places.take(60_000);
  places.leave();
  assert.equal(await fourth, 'place');
});

test('a wait ends at once when it is given up, and takes no place then', async () => {
  const places = new Places(1, 1);
  await places.take(1000);
  const controller = new AbortController();
  const waiting = places.take(60_000, controller.signal);
  controller.abort();
  assert.equal(await waiting, 'gone');
  assert.equal(await places.take(60_000, controller.signal), 'gone');
  const next = places.take(60_000);
  places.leave();
  assert.equal(await next, 'place');
});
