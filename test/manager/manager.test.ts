// A manager through its ports, on virtual time: what is granted to whom, what is settled when, and what is pinned meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../sim/virtual-timers.ts';
import type { RecoveredMessage } from '../../src/spool/types.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { deferred, refusedWith, delivered, ground, plain, startMs } from './assembled.ts';
import { MemoryStore } from './memory-store.ts';
import { damageRefusal } from '../../src/message/refusal.ts';
import { saidForm } from '../refusals.ts';

const minuteMs = 60_000;

/** A message that was tried once before the manager started. */
function recovered(
  store: MemoryStore,
  queueId: string,
  { held, nextAttemptAtMs }: { readonly held: boolean; readonly nextAttemptAtMs: number },
): RecoveredMessage {
  const address = `u@${queueId}.test`;
  return {
    queueId,
    ref: store.add([address]).ref,
    receivedAtMs: startMs - 5 * minuteMs,
    sizeBytes: 10,
    reversePath: 'a@from.test',
    body: '7BIT',
    smtpUtf8: false,
    held,
    waiting: [{ index: 0, address, attempts: 1, nextAttemptAtMs, lastRefusal: saidForm('451 4.0.0 no') }],
  };
}

test('a message goes to a sender that is linked, is pinned while it is in flight, and settled when it is delivered', async (t) => {
  const { sender, submit, store, counted } = await ground(t);
  const id = await submit('u@to.test');
  assert.deepEqual(store.history, [], 'nobody is there to carry it');
  const one = await sender(1);
  const { connection, hop, work } = one.connect;
  assert.deepEqual([hop.host, work.queueId, work.recipients, work.fresh], ['mx.to.test', id, [0], true]);
  assert.deepEqual([...store.pins], [[id, 1]]);
  await one.done(connection, [delivered(0)]);
  assert.deepEqual(store.told, [`settle delivered ${id} 0`]);
  assert.deepEqual([...store.pins], []);
  assert.equal(counted.counts['delivered'], 1);
});

test('a clock that is wrong for a moment is noticed when mail comes in meanwhile', async (t) => {
  const { submit, system, troubles } = await ground(t);
  const keys = (): string[] => troubles.list.map(({ key }) => key);
  await submit('before@to.test');
  system.aheadMs = -3 * 24 * 60 * minuteMs;
  assert.deepEqual(keys(), []);
  await submit('meanwhile@to.test');
  assert.deepEqual(keys(), ['clock']);
  system.aheadMs = 0;
  await submit('after@to.test');
  assert.deepEqual(keys(), []);
});

test('a message that a receiver reports twice is received once, and delivered once', async (t) => {
  const { sender, submit, submitAgain, counted } = await ground(t);
  await submit('u@to.test');
  await submitAgain();
  assert.equal(counted.counts['received'], 1);
  const one = await sender(1);
  await one.done(one.connect.connection, [delivered(0)]);
  assert.equal(one.all('transact').length, 0);
});

test('a message from during the start counts as received, one that an earlier manager knew does not', async (t) => {
  const store = new MemoryStore();
  const before = recovered(store, 'before', { nextAttemptAtMs: 0, held: false });
  store.recovered = [before, { ...before, queueId: 'since', receivedAtMs: startMs }];
  const { counted } = await ground(t, { store });
  assert.equal(counted.counts['received'], 1);
});

test('the next message for the same place goes over the connection that is open, until it has been idle for too long', async (t) => {
  const { sender, submit, timers } = await ground(t);
  const one = await sender(1);
  await submit('u@to.test');
  const { connection } = one.connect;
  await one.done(connection, [delivered(0)]);
  const second = await submit('v@to.test');
  assert.deepEqual(
    one.all('transact').map((each) => [each.connection, each.work.queueId]),
    [[connection, second]],
  );
  await one.done(connection, [delivered(0)]);
  await timers.pass(minuteMs);
  assert.deepEqual(
    one.all('close').map((each) => each.connection),
    [connection],
  );
});

test('a deferred message is journaled with its next attempt, and tried again at that time', async (t) => {
  const { sender, submit, store, timers } = await ground(t);
  const one = await sender(1);
  const id = await submit('u@to.test');
  const { connection } = one.connect;
  await one.done(connection, [deferred(0)], false);
  await one.closed(connection);
  assert.deepEqual(store.told, [`settle deferred ${id} 0`]);
  assert.deepEqual([...store.pins], []);
  await timers.pass(minuteMs - 1);
  assert.equal(one.all('connect').length, 1);
  await timers.pass(1);
  assert.equal(one.all('connect').length, 2);
});

test('a message that came in a minute ago is read from the disk without blocking', async (t) => {
  const { sender, submit, timers } = await ground(t);
  await submit('u@to.test');
  await timers.pass(minuteMs);
  const one = await sender(1);
  assert.equal(one.connect.work.fresh, false);
});

test('when a sender dies its transactions are deferred, nothing stays pinned, and another sender takes over', async (t) => {
  const { manager, sender, submit, store, timers } = await ground(t);
  const [one, two] = [await sender(1), await sender(2)];
  const ids = [await submit('u@a.test'), await submit('u@b.test')];
  const [first = ''] = [one.connect.work.queueId];
  await one.unlink();
  assert.deepEqual(store.told, [], 'a broken link is no proof');
  manager.senderEnded(1);
  await settled();
  assert.deepEqual(store.told, [`settle deferred ${first} 0`]);
  assert.deepEqual(
    [...store.pins.keys()],
    ids.filter((id) => id !== first),
  );
  await timers.pass(minuteMs);
  assert.deepEqual(
    two
      .all('connect')
      .map(({ work }) => work.queueId)
      .toSorted(),
    ids.toSorted(),
  );
});

test('a transaction in hand of a sender that dies counts as an attempt, because the message may have arrived', async (t) => {
  const { manager, sender, submit, store } = await ground(t);
  const one = await sender(1);
  const first = await submit('u@to.test');
  await one.done(one.connect.connection, [delivered(0)]);
  const second = await submit('v@to.test');
  await one.unlink();
  manager.senderEnded(1);
  await settled();
  assert.deepEqual(store.told, [`settle delivered ${first} 0`, `settle deferred ${second} 0`]);
  assert.deepEqual([...store.pins], []);
});

test('mail that waits takes the routes of a reload', async (t) => {
  const { sender, submit, routes, reload } = await ground(t);
  const id = await submit('u@old.test');
  routes.set('old.test', 'new.test');
  await reload(plain);
  const one = await sender(1);
  assert.deepEqual([one.connect.hop.host, one.connect.work.queueId], ['mx.new.test', id]);
});

test('a transaction that a lost connection never began is no attempt, and goes out by another connection', async (t) => {
  const { sender, submit, store } = await ground(t);
  const one = await sender(1);
  await submit('u@to.test');
  const { connection } = one.connect;
  await one.done(connection, [delivered(0)]);
  const second = await submit('v@to.test');
  assert.equal(one.all('transact').length, 1);
  await one.closed(connection, { kind: 'unused' });
  assert.equal(store.told.length, 1);
  assert.deepEqual([...store.pins], [[second, 1]]);
  assert.deepEqual(one.all('connect').map(({ work }) => work.queueId)[1], second);
});

test('nothing is granted before each earlier sender has said hello or has ended', async (t) => {
  const { manager, sender, submit, awaited } = await ground(t, { before: [7, 8] });
  await submit('u@to.test');
  const seven = await sender(7);
  assert.deepEqual([awaited.at(-1), seven.told], [[8], []]);
  manager.senderEnded(8);
  await settled();
  assert.deepEqual(awaited.at(-1), []);
  assert.equal(seven.all('connect').length, 1);
});

test('deliveries that a sender made for the earlier manager are settled, and not granted again', async (t) => {
  const { sender, submit, store } = await ground(t, { before: [7] });
  const done = await submit('u@to.test', 'v@to.test');
  const before = { queueId: done, recipients: [0], relayedWithoutDsn: [] };
  const unknown = { queueId: 'gone', recipients: [0], relayedWithoutDsn: [] };
  const seven = await sender(7, [before, unknown]);
  assert.deepEqual(store.told, [`settle delivered ${done} 0`]);
  assert.deepEqual(seven.connect.work.recipients, [1]);
});

test('recovered messages continue where they were: attempts, next attempts, and what is held', async (t) => {
  const store = new MemoryStore();
  const later = startMs + minuteMs;
  store.recovered = [
    recovered(store, 'due', { nextAttemptAtMs: 0, held: false }),
    recovered(store, 'late', { nextAttemptAtMs: later, held: false }),
    recovered(store, 'held', { nextAttemptAtMs: 0, held: true }),
  ];
  const { manager, sender, timers } = await ground(t, { store });
  assert.equal(manager.recovered, 3);
  const one = await sender(1);
  const granted = (): string[] => one.all('connect').map(({ work }) => work.queueId);
  assert.deepEqual(granted(), ['due']);
  await timers.pass(minuteMs);
  assert.deepEqual(granted(), ['due', 'late']);
});

test('a message that nobody reported is found by the store, and delivered', async (t) => {
  const { sender, store } = await ground(t);
  const one = await sender(1);
  store.events?.onStray(recovered(store, 'stray', { nextAttemptAtMs: 0, held: false }));
  await settled();
  assert.equal(one.connect.work.queueId, 'stray');
});

test('a message that cannot be read is held and journaled as damaged, and given up when its lifetime is over', async (t) => {
  const { sender, submit, store, timers, troubles } = await ground(t);
  const one = await sender(1);
  const id = await submit('u@to.test');
  const result = refusedWith(0, damageRefusal('the checksum does not hold'));
  await one.done(one.connect.connection, [result]);
  assert.deepEqual(store.told, [`settle deferred ${id} 0`, `settle damaged ${id}`]);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['damage:mail'],
  );
  await timers.pass(15 * minuteMs);
  assert.deepEqual(store.told.slice(2, 4), ['report R0', `settle failed ${id} 0`]);
  assert.deepEqual(troubles.list, []);
});

test('while outcomes cannot be stored nothing is granted; transactions in flight finish, and deliveries resume by themselves', async (t) => {
  const { sender, submit, store, troubles } = await ground(t);
  const one = await sender(1);
  const first = await submit('u@a.test');
  store.events?.onBlocked(new SpoolError('SPOOL_FULL', 'the disk is full'), 0);
  await submit('u@b.test');
  assert.equal(one.all('connect').length, 1);
  await one.done(one.connect.connection, [delivered(0)]);
  assert.deepEqual(store.told, [`settle delivered ${first} 0`]);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['journal'],
  );
  store.events?.onBlocked(undefined, 0);
  await settled();
  assert.equal(one.all('connect').length, 2);
  assert.deepEqual(troubles.list, []);
});

test('while no name server answers, mail for names waits without attempts and without an end to its lifetime', async (t) => {
  const { sender, submit, store, plans, timers, outage } = await ground(t);
  const one = await sender(1);
  const none = {
    kind: 'error',
    permanent: false,
    replyCode: 451,
    enhancedStatus: '4.4.3',
    text: 'no name server answers',
    waitsForDns: true,
    validUntilMs: 0,
  } as const;
  plans.set('to.test', none);
  await outage({ sinceMs: 0, reason: 'silence' });
  await submit('u@to.test');
  await timers.pass(60 * minuteMs);
  assert.deepEqual([store.told, one.told], [[], []]);
  plans.delete('to.test');
  await outage();
  assert.equal(one.connect.work.recipients.length, 1);
});

test('a stop grants nothing more, leaves transactions that did not begin, and tells how many outcomes are not stored', async (t) => {
  const { manager, sender, submit, store } = await ground(t);
  const one = await sender(1);
  const a = await submit('u@a.test');
  await submit('u@b.test');
  const [first, second] = one.all('connect');
  manager.drain();
  await submit('u@c.test');
  assert.equal(one.all('connect').length, 2);
  await one.done(first!.connection, [delivered(0)], false);
  await one.closed(first!.connection);
  await one.closed(second!.connection, { kind: 'unused' });
  store.unstored = 3;
  const stopped = manager.stop(1_000);
  await one.unlink();
  assert.equal(await stopped, 3);
  assert.deepEqual(store.told, [`settle delivered ${a} 0`]);
  assert.ok(store.closed);
});
