// The watch for mail that should go and does not.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { nodeTimers } from '../../src/io/timers.ts';
import { OverdueWatch } from '../../src/manager/overdue-watch.ts';
import type { FlightInHand } from '../../src/manager/flights.ts';
import type { MessageHandle, UnexplainedWait, WaitingRecipient } from '../../src/schedule/types.ts';
import { parseConfig } from '../../src/config/config.ts';
import { deliverySettings } from '../../src/settings/settings.ts';
import { Troubles } from '../../src/stats/troubles.ts';

const wait: UnexplainedWait = { queueId: 'A1', domain: 'far.test', isResolving: false };
const minuteMs = 60_000;

function ground(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const world = {
    nowMs: 0,
    waits: [wait],
    nextWakeMs: Infinity,
    flights: [] as FlightInHand[],
    expiresAtMs: Infinity,
    state: 'waiting' as WaitingRecipient['state'],
    isHeld: false,
  };
  const troubles = new Troubles(() => world.nowMs);
  const texts = () => troubles.list.map(({ key, text }) => `${key}: ${text}`);
  const recipient = { queueId: 'B1', domain: 'far.test' };
  const scheduler = {
    unexplainedWaits: () => world.waits,
    nextWakeMs: () => world.nextWakeMs,
    find: (queueId: string) => (queueId === 'B1' ? (0 as MessageHandle) : undefined),
    messages: () => [0 as MessageHandle].values(),
    recipientsOf: () => [{ ...recipient, state: world.state, isHeld: world.isHeld } as WaitingRecipient],
    expiresAtMs: () => world.expiresAtMs,
  };
  const watch = new OverdueWatch({
    scheduler,
    troubles,
    timers: nodeTimers,
    nowMs: () => world.nowMs,
    inHand: () => world.flights,
    hostOf: (connection) => (connection === 7 ? 'mx.far.test' : undefined),
    timeouts: () => deliverySettings(parseConfig('', 'sluice.toml')).timeouts,
  });
  watch.start();
  t.after(() => watch.stop());
  const pass = (minutes: number): void => {
    for (let minute = 0; minute < minutes; minute++) {
      world.nowMs += minuteMs;
      t.mock.timers.tick(minuteMs);
    }
  };
  return { world, troubles, texts, pass, watch };
}

test('a message with nothing to wait for is overdue after a quarter of an hour, until it is delivered', (t) => {
  const { world, texts, pass } = ground(t);
  pass(15);
  assert.deepEqual(texts(), []);
  pass(1);
  assert.match(texts().join('\n'), /^overdue: Message A1 to far\.test has been ready for over 15 minutes/u);
  world.waits = [];
  pass(1);
  assert.deepEqual(texts(), []);
});

test('a queue that moves has nothing overdue', (t) => {
  const { world, troubles, pass } = ground(t);
  for (let turn = 0; turn < 30; turn++) {
    world.waits = [{ ...wait, queueId: `A${turn}` }];
    pass(1);
  }
  assert.deepEqual(troubles.list, []);
});

test('a message that waits for the DNS during an outage is not overdue', (t) => {
  const { world, troubles, pass } = ground(t);
  world.waits = [{ ...wait, isResolving: true }];
  troubles.raise('dns', 'critical', 'No name server answers.', '');
  pass(20);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['dns'],
  );
});

test('work of the scheduler that is due and not begun is overdue', (t) => {
  const { world, texts, pass } = ground(t);
  world.waits = [];
  world.nextWakeMs = 0;
  pass(5);
  assert.deepEqual(texts(), []);
  pass(1);
  assert.match(texts().join('\n'), /retries do not happen/u);
});

test('a transaction without an end is an alarm when its timeouts and content explain it no more', (t) => {
  const { world, texts, pass } = ground(t);
  world.waits = [];
  world.flights = [
    { queueId: 'A1', connection: 7, recipients: 1, sinceMs: 0 },
    { queueId: 'A2', connection: 8, recipients: 1, sinceMs: minuteMs },
  ];
  // Content may take six hours, and all replies and steps of a session together less than two.
  pass(6 * 60);
  assert.deepEqual(texts(), []);
  pass(2 * 60);
  assert.match(
    texts().join('\n'),
    /^overdue:transaction: The transaction of message A1 with mx\.far\.test has had no end for over 480 minutes; its timeouts and its content explain \d+ at most\.$/u,
  );
  world.flights = [];
  pass(1);
  assert.deepEqual(texts(), []);
});

test('many recipients explain a longer transaction', (t) => {
  const { world, texts, pass } = ground(t);
  world.waits = [];
  world.flights = [{ queueId: 'A1', connection: 9, recipients: 100, sinceMs: 0 }];
  pass(8 * 60);
  assert.deepEqual(texts(), []);
  pass(8 * 60);
  assert.match(texts().join('\n'), /^overdue:transaction: The transaction of message A1 with a host/u);
});

for (const state of ['waiting', 'ready', 'resolving'] as const) {
  test(`mail that is ${state} long after its lifetime is an alarm`, async (t) => {
    const { world, texts, pass } = ground(t);
    Object.assign(world, { waits: [], expiresAtMs: 10 * minuteMs, state });
    pass(60);
    await turn();
    assert.deepEqual(texts(), [], 'its end may be on its way');
    pass(60);
    await turn();
    assert.deepEqual(texts(), [
      `overdue:lifetime: Message B1 to far.test (${state}) is in the queue though its lifetime was over 110 minutes ago.`,
    ]);
    world.expiresAtMs = Infinity;
    pass(60);
    await turn();
    assert.deepEqual(texts(), []);
  });
}

test('mail that is held does not expire', async (t) => {
  const { world, texts, pass } = ground(t);
  Object.assign(world, { waits: [], expiresAtMs: 0, state: 'held', isHeld: true });
  pass(120);
  await turn();
  assert.deepEqual(texts(), []);
});

test('a transaction that is under way at the end of the lifetime may finish', async (t) => {
  const { world, texts, pass } = ground(t);
  Object.assign(world, { waits: [], expiresAtMs: 0, state: 'active' });
  pass(120);
  await turn();
  assert.deepEqual(texts(), []);
});

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('what makes no progress is told to whoever asks about its destination, and to nobody who asks about another one', async (t) => {
  const { pass, watch, world } = ground(t);
  pass(16);
  assert.deepEqual(watch.alarmsOf('near.test'), []);
  assert.deepEqual(watch.alarmsOf('far.test'), [
    'Message A1 to far.test has been ready for over 15 minutes, and nothing is in its way.',
  ]);
  world.waits = [];
  assert.deepEqual(watch.alarmsOf('far.test'), [], 'it has gone since the last look');
  world.flights = [{ queueId: 'B1', connection: 7, recipients: 1, sinceMs: world.nowMs - 24 * 3_600_000 }];
  assert.match(
    watch.alarmsOf('far.test').join(' '),
    /transaction of message B1 with mx\.far\.test has had no end/u,
  );
  assert.deepEqual(watch.alarmsOf('near.test'), []);
  world.flights = [];
  world.expiresAtMs = -2 * 3_600_000;
  pass(60);
  await new Promise(setImmediate);
  assert.match(
    watch.alarmsOf('far.test').join(' '),
    /Message B1 to far\.test \(waiting\) is in the queue though/u,
  );
});
