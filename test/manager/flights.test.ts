// Several transactions in flight on one connection: whose results are whose, and what becomes of each when the connection or its
// sender process ends.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { MemoryStore } from './memory-store.ts';
import { deferred, delivered, type Ground, ground, plain, type SenderAtHand } from './assembled.ts';

const oneConnection = `${plain}\n[deliver]\nmax_connections = 1\ntransactions_per_connection = 3\n`;

interface InFlight extends Ground {
  readonly one: SenderAtHand;
  readonly connection: number;
  /** Queue ids, in the order of the grants. */
  readonly ids: readonly string[];
}

/** Three messages in flight on the only connection. */
async function threeInFlight(t: TestContext): Promise<InFlight> {
  const around = await ground(t, { config: oneConnection });
  const one = await around.sender(1);
  const ids = [await around.submit('u@to.test')];
  const { connection } = one.connect;
  await one.says({ kind: 'ready', connection, depth: 3 });
  ids.push(await around.submit('v@to.test'), await around.submit('w@to.test'));
  assert.deepEqual(
    one.all('transact').map(({ work }) => work.queueId),
    ids.slice(1),
  );
  return { ...around, one, connection, ids };
}

function pinned({ pins }: MemoryStore): string[] {
  return [...pins.keys()].sort();
}

test('results belong to the oldest transaction in flight, and each message is pinned until its own are booked', async (t) => {
  const { one, connection, ids, store } = await threeInFlight(t);
  const [first, second, third] = ids;
  assert.deepEqual(pinned(store), [...ids].sort());
  const report = { kind: 'done', connection, reusable: true } as const;
  await one.says({ ...report, results: [delivered(0)] });
  assert.deepEqual(pinned(store), [second, third].sort());
  await one.says({ ...report, results: [deferred(0)] }, { ...report, results: [delivered(0)] });
  assert.deepEqual(store.told, [
    `settle delivered ${first} 0`,
    `settle deferred ${second} 0`,
    `settle delivered ${third} 0`,
  ]);
  assert.deepEqual(pinned(store), []);
});

test('work says when it is the last one of its connection', async (t) => {
  const { one } = await threeInFlight(t);
  assert.deepEqual(
    [one.connect, ...one.all('transact')].map(({ work }) => work.isLast),
    [undefined, undefined, true],
  );
});

test('what has no results when the connection closes is granted again, and is pinned once', async (t) => {
  const { one, connection, ids, store } = await threeInFlight(t);
  const [, second, third] = ids;
  await one.says(
    { kind: 'done', connection, results: [delivered(0)], reusable: false },
    { kind: 'closed', connection, report: { kind: 'unused' } },
  );
  const again = one.all('connect').at(-1);
  assert.ok(again !== undefined);
  assert.equal(again.work.queueId, second);
  assert.deepEqual([...store.pins], [[second, 1]]);
  assert.deepEqual(store.told, [`settle delivered ${ids[0]} 0`], 'none of them was an attempt');
  await one.says({ kind: 'ready', connection: again.connection, depth: 2 });
  assert.equal(one.all('transact').at(-1)?.work.queueId, third);
});

test('a connection that is ready and closes at once gives back what was granted to it meanwhile', async (t) => {
  const around = await ground(t, { config: oneConnection });
  const { submit, store } = around;
  const one = await around.sender(1);
  const [first, second] = [await submit('u@to.test'), await submit('v@to.test')];
  const { connection } = one.connect;
  await one.says(
    { kind: 'ready', connection, depth: 2 },
    { kind: 'closed', connection, report: { kind: 'unused' } },
  );
  assert.deepEqual(store.told, [`settle deferred ${first} 0`]);
  assert.deepEqual([...store.pins], [[second, 1]]);
  const again = one.all('connect').at(-1);
  assert.equal(again?.work.queueId, second);
});

test('when a sender process dies, all that it had in flight counts as tried, since any of it may have arrived', async (t) => {
  const { manager, one, ids, store } = await threeInFlight(t);
  await one.unlink();
  assert.deepEqual(store.told, []);
  manager.senderEnded(1);
  assert.deepEqual(
    store.told,
    ids.map((id) => `settle deferred ${id} 0`),
  );
  assert.deepEqual(pinned(store), []);
});

test('a sender that comes back says which of them it has delivered', async (t) => {
  const { one, ids, sender, store, timers } = await threeInFlight(t);
  const [first, second, third] = ids;
  await one.unlink();
  const again = await sender(
    1,
    [first, second].map((queueId) => ({ queueId: queueId!, recipients: [0], relayedWithoutDsn: [] })),
  );
  assert.deepEqual(
    store.told.filter((line) => line.startsWith('settle delivered')),
    [`settle delivered ${first} 0`, `settle delivered ${second} 0`],
  );
  await timers.pass(60_000);
  assert.equal(again.connect.work.queueId, third);
});
