// Lifetimes end wherever mail waits that is not held, on virtual time; and a transaction that nobody ends is an alarm.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ground, ground, plain } from './assembled.ts';

const hourMs = 3_600_000;

/** How a message to far.test waits; resolves to its queue id. */
const waits: Readonly<Record<string, (at: Ground) => Promise<string>>> = {
  'for a sender process': (at) => at.submit('u@far.test'),
  'for a temporary error of its route': (at) => {
    at.plans.set('far.test', {
      kind: 'error',
      permanent: false,
      replyCode: 451,
      enhancedStatus: '4.3.0',
      text: 'not now',
      validUntilMs: Infinity,
    });
    return at.submit('u@far.test');
  },
};

for (const [how, submit] of Object.entries(waits)) {
  test(`mail that waits ${how} fails at the end of its lifetime, and the watch finds nothing`, async (t) => {
    const at = await ground(t, { config: plain });
    const queueId = await submit(at);
    await at.timers.pass(9 * 60_000);
    assert.ok(!at.store.told.includes(`settle failed ${queueId} 0`), at.store.told.join(', '));
    await at.timers.pass(2 * 60_000);
    assert.ok(at.store.told.includes(`settle failed ${queueId} 0`), at.store.told.join(', '));
    await at.timers.pass(4 * hourMs);
    assert.deepEqual(
      at.troubles.list.filter(({ key }) => key.startsWith('overdue')),
      [],
    );
  });
}

for (const [how, submit] of Object.entries({
  'in quarantine': (at: Ground) => at.submitHeld('it may be a virus', 'u@far.test'),
  'held by an operator': async (at: Ground) => {
    const id = await at.submit('u@far.test');
    await at.ask('queue.change', { action: 'hold', filter: { ids: [id] } });
    return id;
  },
})) {
  test(`mail that is ${how} does not expire, and is no alarm`, async (t) => {
    const at = await ground(t, { config: plain });
    const queueId = await submit(at);
    await at.timers.pass(4 * hourMs);
    assert.ok(!at.store.told.includes(`settle failed ${queueId} 0`), at.store.told.join(', '));
    assert.deepEqual(
      at.troubles.list.filter(({ key }) => key.startsWith('overdue')),
      [],
    );
  });
}

test('a transaction that a sender process never ends is an alarm that says what explains how much', async (t) => {
  const at = await ground(t, { config: plain });
  const sender = await at.sender(1);
  const queueId = await at.submit('u@far.test');
  const { connection } = sender.connect;
  await at.timers.pass(6 * hourMs);
  const texts = (): string[] =>
    at.troubles.list.filter(({ key }) => key === 'overdue:transaction').map(({ text }) => text);
  assert.deepEqual(texts(), []);
  await at.timers.pass(2 * hourMs);
  const [text = ''] = texts();
  assert.ok(text.startsWith(`The transaction of message ${queueId} with `), text);
  await sender.closed(connection);
  await at.timers.pass(60_000);
  assert.deepEqual(texts(), []);
});
