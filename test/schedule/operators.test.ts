// What operators do with mail in the scheduler: hold, release, retry, remove, find.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { day, hour, kinds, minute, noRoute, relay, start, Table } from './table.ts';
import { broken } from '../refusals.ts';

const site = relay('s', ['192.0.2.1']);

function states(table: Table): string[] {
  return [...table.scheduler.recipients()].map(({ recipient, state }) => `${recipient} ${state}`).sort();
}

test('a held message is not granted and does not expire; after its release it is delivered', () => {
  const table = new Table().know({ 'a.example': site });
  const message = table.submit(['a.example'], { held: true });
  table.pass(6 * day);
  assert.deepEqual(table.take(), []);
  assert.deepEqual(states(table), ['0 held']);
  table.scheduler.release(message, table.nowMs);
  const connect = table.connect();
  table.ready(connect.connection).done(connect, 'tempfail');
  const [deferred] = table.take();
  assert.equal(deferred?.kind, 'deferred', 'it may still be tried for a while');
  assert.equal([...table.scheduler.recipients()][0]?.expiresAtMs, table.nowMs + hour);
});

test('hold applies at once to ready, waiting and resolving recipients, and to recipients in flight after their transaction', () => {
  const table = new Table({ recipientsPerTransaction: 1, limits: { perSite: 1 } }).know({
    'a.example': site,
    'lame.example': noRoute(false),
  });
  const message = table.submit(['a.example', 'a.example', 'lame.example', 'silent.example']);
  table.pass(2_000);
  const connect = table.take().find((effect) => effect.kind === 'connect');
  assert.ok(connect?.kind === 'connect');
  assert.deepEqual(states(table), ['0 active', '1 ready', '2 waiting', '3 resolving']);
  table.scheduler.hold(message);
  assert.deepEqual(states(table), ['0 active', '1 held', '2 held', '3 held']);
  table.ready(connect.connection).done(connect, 'tempfail');
  assert.equal(table.take().filter(({ kind }) => kind === 'deferred').length, 1);
  assert.deepEqual(states(table), ['0 held', '1 held', '2 held', '3 held']);
  table.scheduler.routeResolved('mx:silent.example', site, table.nowMs);
  assert.deepEqual(kinds(table.take()), []);
  table.scheduler.release(message, table.nowMs);
  assert.deepEqual(states(table), ['0 waiting', '1 active', '2 waiting', '3 ready']);
});

test('recipients in flight are listed as held, and a release before their transaction ends undoes it', () => {
  const table = new Table().know({ 'a.example': site });
  const message = table.submit(['a.example']);
  const connect = table.connect();
  table.scheduler.hold(message);
  const [row] = table.scheduler.recipients();
  assert.deepEqual([row?.state, row?.isHeld], ['active', true]);
  table.scheduler.release(message, table.nowMs);
  assert.equal([...table.scheduler.recipients()][0]?.isHeld, false);
  table.ready(connect.connection).done(connect, 'tempfail');
  assert.deepEqual(kinds(table.take()), ['deferred']);
  assert.deepEqual(states(table), ['0 waiting']);
});

test('an attempt that ends after the lifetime does not fail a message that was held meanwhile', () => {
  const table = new Table().know({ 'a.example': site });
  const message = table.submit(['a.example']);
  const connect = table.connect();
  table.ready(connect.connection);
  table.scheduler.hold(message);
  table.pass(6 * day).done(connect, 'tempfail');
  assert.deepEqual(kinds(table.take()), ['deferred']);
  assert.deepEqual(states(table), ['0 held']);
  table.scheduler.release(message, table.nowMs);
  assert.deepEqual(kinds(table.take()), ['transact']);
});

test('retryNow makes waiting recipients due', () => {
  const table = new Table().know({ 'a.example': site });
  const message = table.submit(['a.example', { domain: 'a.example', nextAttemptAtMs: start + hour }]);
  const first = table.connect();
  assert.deepEqual(first.transaction.recipients, [0]);
  table.scheduler.retryNow(message, table.nowMs);
  assert.deepEqual(table.connect().transaction.recipients, [1]);
});

test('remove drops recipients that are not in flight and ends the message when none is left', () => {
  const table = new Table({ recipientsPerTransaction: 1, limits: { perSite: 1 } }).know({
    'a.example': site,
  });
  const message = table.submit(['a.example', 'a.example', 'a.example']);
  const connect = table.connect();
  assert.deepEqual(table.scheduler.remove(message), [1, 2]);
  assert.deepEqual(states(table), ['0 active']);
  table.ready(connect.connection).done(connect);
  assert.deepEqual(kinds(table.take()), ['delivered', 'done']);

  const waiting = table.submit([{ domain: 'a.example', nextAttemptAtMs: start + hour }]);
  assert.deepEqual(table.scheduler.remove(waiting), [0]);
  assert.deepEqual(table.take(), [{ kind: 'done', message: waiting }]);
});

test('remove can take single recipients out of a task, in every state', () => {
  const cases: Record<string, (table: Table) => void> = {
    ready: (table) => table.know({ 'a.example': site, 'b.example': site }),
    resolving: () => {},
    waiting: (table) => table.know({ 'a.example': noRoute(false), 'b.example': noRoute(false) }),
    held: (table) => table.know({ 'a.example': site, 'b.example': site }),
  };
  for (const [state, prepare] of Object.entries(cases)) {
    const table = new Table({ limits: { global: 0 } });
    prepare(table);
    const message = table.submit(['a.example', 'b.example', 'b.example'], { held: state === 'held' });
    table.take();
    assert.deepEqual(states(table), [`0 ${state}`, `1 ${state}`, `2 ${state}`]);
    assert.deepEqual(table.scheduler.remove(message, [0, 7]), [0], state);
    assert.deepEqual(states(table), [`1 ${state}`, `2 ${state}`]);
    assert.deepEqual(table.scheduler.remove(message, [2, 1]), [1, 2]);
    assert.deepEqual(kinds(table.take()).at(-1), 'done');
  }
});

test('find finds messages by queue ids of any form', () => {
  const table = new Table({ limits: { global: 0 } }).know({ 'a.example': site });
  const ids = [
    '',
    'a',
    '0123456789ABCDE',
    '0123456789ABCDF',
    'with space',
    'a-much-longer-queue-id',
    'ümläut',
    '漢字',
  ];
  const handles = new Map(ids.map((queueId) => [queueId, table.submit(['a.example'], { queueId })]));
  table.take();
  for (const [queueId, handle] of handles) {
    assert.equal(table.scheduler.find(queueId), handle);
    assert.equal(table.scheduler.queueIdOf(handle), queueId);
  }
  assert.equal(table.scheduler.find('0123456789ABCDG'), undefined);
  for (const handle of handles.values()) table.scheduler.remove(handle);
  table.take();
  for (const queueId of ids) assert.equal(table.scheduler.find(queueId), undefined);
});

test('sites shows what waits, what runs, and why', () => {
  const table = new Table({ limits: { perSite: 2 } }).know({
    'a.example': site,
    'lame.example': noRoute(false),
  });
  for (let count = 0; count < 5; count++) table.submit(['a.example']);
  table.submit([{ domain: 'a.example', nextAttemptAtMs: start + hour }]);
  table.submit(['lame.example']);
  table.submit(['silent.example']);
  table.take();
  assert.deepEqual(table.scheduler.sites(), [
    {
      site: 's',
      label: 'mx.s',
      waiting: 1,
      ready: 3,
      active: 2,
      connections: 2,
      blockedOn: 'limit site s (2) is full',
    },
    {
      site: 'mx:lame.example',
      label: 'lame.example',
      waiting: 1,
      ready: 0,
      active: 0,
      connections: 0,
      blockedOn: '',
    },
    {
      site: 'mx:silent.example',
      label: 'silent.example',
      waiting: 0,
      ready: 1,
      active: 0,
      connections: 0,
      blockedOn: 'looking up the route to silent.example',
    },
  ]);
});

test('recipients may be listed in parts while the queue changes', () => {
  const table = new Table({ limits: { global: 0 } }).know({ 'a.example': site });
  const messages = Array.from({ length: 10 }, () => table.submit(['a.example', 'a.example']));
  table.take();
  const walk = table.scheduler.recipients();
  const seen = new Set<number>();
  seen.add(walk.next().value!.message);
  for (const message of messages.slice(0, 5)) table.scheduler.remove(message);
  table.take();
  table.submit(['a.example']);
  for (const { message } of walk) seen.add(message);
  for (const message of messages.slice(5)) assert.ok(seen.has(message));
});

test('a call for a message that is not queued throws', () => {
  const { scheduler } = new Table();
  const none = 5 as never;
  for (const call of [
    () => scheduler.hold(none),
    () => scheduler.release(none, start),
    () => scheduler.retryNow(none, start),
    () => scheduler.remove(none),
    () => scheduler.queueIdOf(none),
    () => scheduler.commit(none, start),
    () => scheduler.rollback(none),
    () => scheduler.add(none, {} as never),
  ]) {
    assert.throws(call, { code: 'SCHEDULER_MISUSE' });
  }
  const empty = scheduler.begin({ queueId: 'Q', receivedAtMs: start, nullSender: false, held: false });
  assert.throws(() => scheduler.commit(empty, start), { code: 'SCHEDULER_MISUSE' });
});

test('a finished handle is reused only after its effects were seen', () => {
  const table = new Table().know({ 'null.example': noRoute(true) });
  const message = table.submit(['null.example'], { queueId: 'FIRST' });
  table.scheduler.routeResolved('mx:null.example', noRoute(true), start);
  const next = table.scheduler.begin({
    queueId: 'NEXT',
    receivedAtMs: start,
    nullSender: false,
    held: false,
  });
  assert.notEqual(next, message);
  assert.equal(table.scheduler.queueIdOf(message), 'FIRST');
  table.scheduler.rollback(next);
  table.take();
  table.pass(minute);
  const after = table.scheduler.begin({
    queueId: 'AFTER',
    receivedAtMs: start,
    nullSender: false,
    held: false,
  });
  assert.ok(after === message || after === next, 'the handles are free again');
});

test('retryNow ends the rest of failed addresses, and returns how many recipients are due', () => {
  const table = new Table().know({ 'a.example': site });
  const message = table.submit(['a.example']);
  const connect = table.connect();
  table.scheduler.connectionClosed(
    connect.connection,
    { kind: 'failed', refusal: broken('refused') },
    table.nowMs,
  );
  table.take();
  assert.equal(table.scheduler.retryNow(message, table.nowMs), 1);
  const again = table.connect();
  table.ready(again.connection).done(again, 'tempfail');
  table.take();
  table.scheduler.hold(message);
  assert.equal(table.scheduler.retryNow(message, table.nowMs), 0);
});

test('hold and release say whether they changed anything', () => {
  const table = new Table().know({ 'a.example': site });
  const message = table.submit(['a.example']);
  assert.equal(table.scheduler.release(message, table.nowMs), false);
  assert.equal(table.scheduler.hold(message), true);
  assert.equal(table.scheduler.hold(message), false);
  assert.equal(table.scheduler.release(message, table.nowMs), true);
});

test('recipients in flight are told from the others', () => {
  const table = new Table({ recipientsPerTransaction: 1, limits: { perSite: 1 } }).know({
    'a.example': site,
  });
  const message = table.submit(['a.example', 'a.example', 'a.example']);
  table.take();
  assert.deepEqual(states(table), ['0 active', '1 ready', '2 ready']);
  assert.deepEqual(table.scheduler.notInFlight(message, [0, 2]), [2]);
});
