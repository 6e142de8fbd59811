// Mail that a sending limit paces: it waits for its turn, and the journal knows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SendingTurn } from '../../src/policy/sending/types.ts';
import { ground } from './assembled.ts';

function turnAt(ms: number): SendingTurn {
  const rate = { count: 200, perMs: 3_600_000 };
  return { ms, at: ms, limit: { by: 'user', key: 'joe@example.com', quantity: 'messages', rate } };
}

test('paced mail goes out at its turn and not before, and other mail to the same domain does not wait for it', async (t) => {
  const { timers, store, sender, submit, submitPaced } = await ground(t);
  const one = await sender(1);
  const paced = await submitPaced(turnAt(timers.nowMs() + 30_000), 'a@there.test', 'b@there.test');
  assert.deepEqual(store.told, [`settle deferred ${paced} 0`, `settle deferred ${paced} 1`]);
  await timers.pass(29_000);
  assert.equal(one.told.length, 0);
  const free = await submit('c@there.test');
  assert.equal(one.connect.work.queueId, free);
  await one.done(one.connect.connection, [{ recipient: 0, result: 'delivered' }]);
  await timers.pass(1_000);
  assert.deepEqual(
    one.all('transact').map(({ work }) => [work.queueId, work.recipients]),
    [[paced, [0, 1]]],
  );
});

test('a turn that is over when the message is stored makes it wait for nothing', async (t) => {
  const { timers, sender, submitPaced } = await ground(t);
  const one = await sender(1);
  const paced = await submitPaced(turnAt(timers.nowMs() - 1), 'a@there.test');
  assert.equal(one.connect.work.queueId, paced);
});
