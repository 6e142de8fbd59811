// A stop of the manager, when links of senders break meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../sim/virtual-timers.ts';
import { ground } from './assembled.ts';

test('a sender whose link broke has connected again to say what it delivered: a stop waits for that', async (t) => {
  const { connecting, manager, sender, submit, store } = await ground(t);
  const one = await sender(1);
  const queueId = await submit('u@to.test');
  manager.drain();
  await one.unlink();
  const again = connecting();
  manager.senderEnded(1);
  const stopped = manager.stop(1_000);
  await settled();
  assert.equal(store.closed, false);
  const late = await again.hello(1, [{ queueId, recipients: [0], relayedWithoutDsn: [] }]);
  await late.unlink();
  await stopped;
  assert.deepEqual(store.told, [`settle delivered ${queueId} 0`]);
});

test('a process that connects and says nothing holds a stop up for a second at most', async (t) => {
  const { connecting, manager, store, timers } = await ground(t);
  connecting();
  const stopped = manager.stop(1_000);
  await timers.pass(999);
  assert.equal(store.closed, false);
  await timers.pass(1);
  await stopped;
  assert.equal(store.closed, true);
});

test('a process that connects and is gone without a word holds no stop up', async (t) => {
  const { connecting, manager, store } = await ground(t);
  const one = connecting();
  const stopped = manager.stop(1_000);
  await one.lose();
  await stopped;
  assert.equal(store.closed, true);
});
