// Mail that fails while senders may have delivered it: nobody is told that it failed before each sender has said what it
// delivered, and mail that arrived is not reported.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../sim/virtual-timers.ts';
import type { JobReport } from '../../src/control/operations/queue-change.ts';
import type { DsnNotify } from '../../src/message/envelope.ts';
import type { RoutePlan } from '../../src/route/types.ts';
import { FailuresInDoubt } from '../../src/manager/failures-in-doubt.ts';
import { ours } from '../refusals.ts';
import { ground, startMs } from './assembled.ts';
import { MemoryStore } from './memory-store.ts';

const minuteMs = 60_000;
const noSuchDomain: RoutePlan = {
  kind: 'error',
  permanent: true,
  replyCode: 550,
  enhancedStatus: '5.1.2',
  text: 'no such domain',
  validUntilMs: Number.MAX_SAFE_INTEGER,
};

interface Old {
  readonly to: readonly string[];
  readonly ageMs: number;
  readonly damage?: string;
  readonly notify?: DsnNotify;
  /** From the start on. */
  readonly nextAttemptInMs?: number;
}

/** A store with one message of before, whose recipients wait for their next attempt. */
function storeWith({ to, ageMs, damage, notify, nextAttemptInMs = 0 }: Old) {
  const store = new MemoryStore();
  const { queueId, ref } = store.add(notify === undefined ? to : to.map((address) => ({ address, notify })));
  store.recovered = [
    {
      queueId,
      ref,
      receivedAtMs: startMs - ageMs,
      sizeBytes: 10,
      reversePath: 'a@from.test',
      body: '7BIT',
      smtpUtf8: false,
      held: damage !== undefined,
      waiting: to.map((address, index) => ({
        index,
        address,
        attempts: 0,
        nextAttemptAtMs: startMs + nextAttemptInMs,
        lastRefusal: '',
      })),
      ...(damage !== undefined && { damage }),
    },
  ];
  const has = (...recipients: number[]) => ({ queueId, recipients, relayedWithoutDsn: [] });
  return { store, queueId, has };
}

test('mail whose lifetime ended before a start is reported when each sender of before is heard, without what they delivered', async (t) => {
  const { store, queueId, has } = storeWith({
    to: ['u@a.test', 'u@b.test', 'u@c.test'],
    ageMs: 60 * minuteMs,
  });
  const { manager, sender, timers, counted, ask } = await ground(t, { store, before: [7, 8] });
  await timers.pass(4_000);
  await sender(7, [has(0)]);
  await timers.pass(500);
  assert.deepEqual(store.told, [`settle delivered ${queueId} 0`], 'nothing is reported yet');
  const [status] = await ask('status', { sites: 1, order: 'connections' });
  assert.equal(
    status !== undefined && 'result' in status && (status.result as { reports: number }).reports,
    1,
  );
  await sender(8, [has(0, 2)]);
  assert.deepEqual(store.told, [
    `settle delivered ${queueId} 0`,
    `settle delivered ${queueId} 2`,
    'report R0',
    `settle failed ${queueId} 1`,
  ]);
  const counters = counted.counts;
  assert.deepEqual([counters['delivered'], counters['bounced']], [2, 1]);
  assert.deepEqual([manager.recovered, [...store.pins.keys()]], [1, ['R0']]);
});

test('mail that was delivered wholly is not reported', async (t) => {
  const { store, queueId, has } = storeWith({ to: ['u@a.test'], ageMs: 60 * minuteMs });
  const { sender, timers } = await ground(t, { store, before: [7] });
  const seven = await sender(7, [has(0)]);
  await timers.pass(minuteMs);
  assert.deepEqual([store.told, seven.told], [[`settle delivered ${queueId} 0`], []]);
});

test('a sender that never says hello is waited for until it has ended', async (t) => {
  const { store, queueId } = storeWith({ to: ['u@a.test'], ageMs: 60 * minuteMs });
  const { manager, timers } = await ground(t, { store, before: [7] });
  await timers.pass(5_000);
  assert.deepEqual(store.told, []);
  manager.senderEnded(7);
  await settled();
  assert.deepEqual(store.told, ['report R0', `settle failed ${queueId} 0`]);
});

test('a lifetime that ends while senders are awaited is no failure of what they delivered', async (t) => {
  const { store, queueId, has } = storeWith({ to: ['u@a.test', 'u@b.test'], ageMs: 10 * minuteMs - 2_000 });
  const { sender, timers } = await ground(t, { store, before: [7] });
  await timers.pass(4_000);
  assert.deepEqual(store.told, []);
  await sender(7, [has(1)]);
  assert.deepEqual(store.told, [`settle delivered ${queueId} 1`, 'report R0', `settle failed ${queueId} 0`]);
});

test('a domain that is gone after a restart is no failure of what was delivered to it', async (t) => {
  const { store, queueId, has } = storeWith({
    to: ['u@a.test', 'v@a.test'],
    ageMs: 0,
    nextAttemptInMs: 1_000,
  });
  const { sender, timers, plans } = await ground(t, { store, before: [7] });
  plans.set('a.test', noSuchDomain);
  await timers.pass(4_000);
  assert.deepEqual(store.told, []);
  await sender(7, [has(0)]);
  assert.deepEqual(store.told, [`settle delivered ${queueId} 0`, 'report R0', `settle failed ${queueId} 1`]);
});

test('damaged mail whose lifetime is over is not given up before each sender is heard', async (t) => {
  const { store, queueId, has } = storeWith({
    to: ['u@a.test', 'u@b.test'],
    ageMs: 60 * minuteMs,
    damage: 'the checksum does not hold',
  });
  const { sender, timers } = await ground(t, { store, before: [7] });
  await timers.pass(10_000);
  assert.deepEqual(store.told, []);
  await sender(7, [has(0)]);
  assert.deepEqual(store.told, [`settle delivered ${queueId} 0`, 'report R0', `settle failed ${queueId} 1`]);
});

test('what an operator gives up waits for the senders of before, and is not what they delivered', async (t) => {
  const { store, queueId, has } = storeWith({ to: ['u@a.test', 'u@b.test'], ageMs: 0 });
  const { sender, ask, timers } = await ground(t, { store, before: [7] });
  const answers = await ask('queue.change', { action: 'bounce', filter: { ids: [queueId] } });
  assert.deepEqual([answers, store.told], [[], []]);
  await sender(7, [has(0, 1)]);
  assert.deepEqual(store.told, [`settle delivered ${queueId} 0`, `settle delivered ${queueId} 1`]);
  // The job rests after its first slice.
  await timers.pass(1_000);
  assert.deepEqual(
    answers.map((each) => 'result' in each && (each.result as JobReport).recipients),
    [0],
  );
});

test('a lost link is no failure of what was delivered on it, though the lifetime is over', async (t) => {
  const { sender, submit, store, timers } = await ground(t);
  const one = await sender(1);
  const queueId = await submit('u@a.test', 'u@b.test');
  assert.equal(one.all('connect').length, 2);
  await one.unlink();
  await timers.pass(11 * minuteMs);
  await sender(1, [{ queueId, recipients: [1], relayedWithoutDsn: [] }]);
  assert.deepEqual(store.told, [`settle delivered ${queueId} 1`, 'report R0', `settle failed ${queueId} 0`]);
});

test('a success that its server will not tell of is reported while failures of the message are in doubt', async (t) => {
  const { store, queueId, has } = storeWith({
    to: ['u@a.test', 'u@b.test'],
    ageMs: 60 * minuteMs,
    notify: { never: false, success: true, failure: true, delay: false },
  });
  const { sender } = await ground(t, { store, before: [7, 8] });
  await sender(7, [{ ...has(0), relayedWithoutDsn: [0] }]);
  assert.deepEqual(store.told, [`settle delivered ${queueId} 0`, 'report R0']);
  const text = Buffer.concat(store.reports[0]?.content ?? []).toString();
  assert.match(text, /^Action: relayed\r$/mu);
  assert.doesNotMatch(text, /^Action: failed\r$/mu);
  await sender(8, [has(1)]);
  assert.deepEqual(store.told.slice(2), [`settle delivered ${queueId} 1`]);
});

test('a stop while senders are awaited leaves failures unsettled, for the next start', async (t) => {
  const { store } = storeWith({ to: ['u@a.test'], ageMs: 60 * minuteMs });
  const { manager } = await ground(t, { store, before: [7] });
  manager.drain();
  await manager.stop(1_000);
  assert.deepEqual(store.told, []);
});

test('failures that stay in doubt for no sender are passed on once, and count until then', () => {
  const told: unknown[] = [];
  const inDoubt = new FailuresInDoubt((queueId, failures, isDone) =>
    told.push([queueId, [...failures].map(({ recipient }) => recipient), isDone]),
  );
  const failure = (recipient: number) => ({ recipient, refusal: ours('no'), expired: true, tenant: '' });
  inDoubt.setOpen(true);
  inDoubt.keep('a', failure(0));
  inDoubt.keep('a', failure(1));
  inDoubt.keep('b', failure(0));
  inDoubt.done('b');
  inDoubt.done('unknown');
  assert.deepEqual(inDoubt.withdraw('a', [1, 2]), [1]);
  assert.deepEqual(inDoubt.withdraw('a', [1]), []);
  assert.equal(inDoubt.waiting, 2);
  inDoubt.setOpen(false);
  inDoubt.setOpen(false);
  assert.deepEqual(told, [
    ['a', [0], false],
    ['b', [0], true],
  ]);
  assert.equal(inDoubt.waiting, 0);
});
