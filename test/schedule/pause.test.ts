// A pause of all grants: no new transaction begins even where limits have room, transactions in flight finish, and the
// reason is shown.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RelayPlan } from '../../src/route/types.ts';
import { refused } from '../refusals.ts';
import { day, noRoute, relay, Table, type Transact } from './table.ts';

const plan = relay('s', ['192.0.2.1']) as RelayPlan & { readonly validUntilMs: number };
const late = 'very many messages have failed';
const reason = 'outcomes cannot be stored: the disk is full';

test('while grants are paused, neither a new nor an idle connection is used, and transactions in flight finish', () => {
  const table = new Table().know({ 'a.example': plan, 'b.example': relay('t', ['192.0.2.2']) });
  table.submit(['a.example']);
  const first = table.connect();
  table.ready(first.connection);
  table.scheduler.pause(reason, table.nowMs);
  table.submit(['a.example']);
  table.submit(['b.example']);
  assert.deepEqual(table.take(), []);
  table.done(first);
  assert.deepEqual(
    table.take().map(({ kind }) => kind),
    ['delivered', 'done'],
  );
  table.scheduler.pause(undefined, table.nowMs);
  const kinds = table.take();
  assert.deepEqual(kinds.map(({ kind }) => kind).sort(), ['connect', 'transact']);
  const transact = kinds.find((effect): effect is Transact => effect.kind === 'transact');
  assert.equal(transact?.connection, first.connection);
});

test('mail that waits for a limit is not granted when the limit gets room while grants are paused', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({ 'a.example': plan });
  table.submit(['a.example']);
  table.submit(['a.example']);
  const first = table.connect();
  table.scheduler.pause(reason, table.nowMs);
  table.refused(first.connection).pass(60_000);
  assert.deepEqual(
    table.take().filter(({ kind }) => kind === 'connect'),
    [],
  );
  table.pass(600_000);
  table.scheduler.pause(undefined, table.nowMs);
  table.connect();
});

test('routes are looked up, and mail without a route fails, only after the pause', () => {
  const table = new Table();
  table.scheduler.pause(reason, table.nowMs);
  table.submit(['gone.example']);
  assert.deepEqual(table.take(), []);
  table.scheduler.pause(undefined, table.nowMs);
  assert.deepEqual(
    table.take().map(({ kind }) => kind),
    ['resolve'],
  );
});

test('the reason of a pause is shown with and without waiting mail', () => {
  const table = new Table().know({ 'a.example': plan });
  const binding = (): readonly string[] =>
    table.scheduler.explain('mx:a.example', 'a.example', '', plan, table.nowMs).binding;
  assert.deepEqual(binding(), []);
  table.scheduler.pause(reason, table.nowMs);
  assert.deepEqual(binding(), [reason]);
  table.submit(['a.example']);
  assert.deepEqual(binding(), [reason]);
  table.scheduler.pause(undefined, table.nowMs);
  assert.deepEqual(binding(), []);
});

test('a pause of one store lets the mail of others go, to the same domain and on the same connections', () => {
  const table = new Table({ limits: { perDomain: 1 } }).know({ 'a.example': plan });
  table.scheduler.pause(reason, table.nowMs, 1);
  const kept = table.submit(['a.example'], { store: 1 });
  const first = table.submit(['a.example']);
  const second = table.submit(['a.example']);
  const connect = table.connect();
  assert.equal(connect.transaction.message, first);
  table.ready(connect.connection);
  table.done(connect);
  const transact = table.take().find((effect): effect is Transact => effect.kind === 'transact');
  assert.ok(transact);
  assert.equal(transact.transaction.message, second);
  const blockedOn = table.scheduler.sites().map((site) => site.blockedOn);
  assert.match(blockedOn.join(', '), /outcomes cannot be stored/);
  // The limit counts the connections of both stores, so the mail that was kept waits for this one.
  table.scheduler.pause(undefined, table.nowMs, 1);
  assert.deepEqual(table.take(), []);
  table.done(transact);
  const last = table.take().find((effect): effect is Transact => effect.kind === 'transact');
  assert.equal(last?.transaction.message, kept);
});

test('while reports are late, no lifetime ends, and what has ended meanwhile fails afterwards', () => {
  const table = new Table().know({ 'a.example': plan });
  table.submit(['a.example']);
  const connect = table.connect();
  table.ready(connect.connection).done(connect, [refused(0, '450 later')]);
  table.take();
  table.scheduler.pause(late, table.nowMs, 0, 'reports');
  table.pass(6 * day);
  assert.deepEqual(
    table.take().filter(({ kind }) => kind === 'failed'),
    [],
  );
  assert.ok(table.scheduler.nextWakeMs() > table.nowMs, 'nothing to do until the pause ends');
  table.scheduler.pause(undefined, table.nowMs, 0, 'reports');
  const failed = table.take().find(({ kind }) => kind === 'failed');
  assert.ok(failed?.kind === 'failed' && failed.expired);
});

test('grants go on only when each cause of a pause is over', () => {
  const table = new Table().know({ 'a.example': plan });
  table.scheduler.pause(reason, table.nowMs);
  table.scheduler.pause(late, table.nowMs, 0, 'reports');
  table.submit(['a.example']);
  const binding = (): readonly string[] =>
    table.scheduler.explain('mx:a.example', 'a.example', '', plan, table.nowMs).binding;
  assert.deepEqual(binding(), [reason]);
  table.scheduler.pause(undefined, table.nowMs);
  assert.deepEqual(table.take(), []);
  assert.deepEqual(binding(), [late]);
  table.scheduler.pause(undefined, table.nowMs, 0, 'reports');
  table.connect();
});

test('very much mail of a domain that is no more fails in portions, one in each turn', () => {
  const table = new Table();
  table.scheduler.pause(reason, table.nowMs);
  for (let count = 0; count < 25_000; count++) table.submit(['gone.example']);
  table.know({ 'gone.example': noRoute(true) });
  const failures = (): number => table.take().filter(({ kind }) => kind === 'failed').length;
  table.scheduler.pause(undefined, table.nowMs);
  const portions = [failures()];
  while (table.scheduler.nextWakeMs() <= table.nowMs) {
    table.scheduler.tick(table.nowMs);
    portions.push(failures());
  }
  assert.deepEqual(portions, [10_000, 10_000, 5_000]);
});

suite('several reasons keep all mail, or some of it', () => {
  const noSender = 'no sender process is ready';
  const perDomain = 'limit domain a.example (1) is full';

  /** One message to a.example in flight, and one that waits. */
  function waiting() {
    const table = new Table({ limits: { perDomain: 1 } }).know({ 'a.example': plan });
    table.submit(['a.example']);
    const { connection } = table.connect();
    return { table, connection };
  }

  const told = ({ scheduler, nowMs }: Table): string[] => {
    const { binding } = scheduler.explain('mx:a.example', 'a.example', '', plan, nowMs);
    assert.deepEqual(
      scheduler
        .sites()
        .filter(({ ready }) => ready > 0)
        .map(({ blockedOn }) => blockedOn),
      [binding.join(', ')],
    );
    return [...binding];
  };

  test('all reasons are shown in any order of their beginning, and the end of one leaves the others', () => {
    for (const order of ['pause first', 'senders first']) {
      const table = new Table().know({ 'a.example': plan });
      const { scheduler, nowMs } = table;
      if (order === 'pause first') scheduler.pause(reason, nowMs);
      scheduler.carry(0, nowMs);
      table.submit(['a.example']);
      table.take(); // looks up the route, unless grants are paused
      scheduler.pause(reason, nowMs);
      assert.deepEqual(told(table), [reason, noSender], order);
      scheduler.carry(10, nowMs);
      assert.deepEqual(told(table), [reason], order);
      scheduler.carry(0, nowMs);
      assert.deepEqual(told(table), [reason, noSender], order);
      scheduler.pause(undefined, nowMs);
      table.take(); // looks it up now, if grants were paused before
      assert.deepEqual(told(table), [noSender], order);
      scheduler.carry(10, nowMs);
      table.connect();
    }
  });

  test('mail that waits for a limit of its own shows the reason that keeps all mail, too', () => {
    const { table } = waiting();
    const { scheduler, nowMs } = table;
    table.submit(['a.example']);
    assert.deepEqual(told(table), [perDomain]);
    scheduler.pause(reason, nowMs);
    scheduler.carry(0, nowMs);
    assert.deepEqual(told(table), [reason, noSender, perDomain]);
  });

  test('mail that came during a pause shows the limit that it will wait for afterwards, too', () => {
    const { table } = waiting();
    table.scheduler.pause(reason, table.nowMs);
    table.submit(['a.example']);
    const { binding } = table.scheduler.explain('mx:a.example', 'a.example', '', plan, table.nowMs);
    assert.deepEqual(binding, [reason, perDomain]);
  });

  test('mail that waits for a name server shows the pause, too', () => {
    const table = new Table();
    table.submit(['far.example']);
    table.scheduler.lookupsStopped(true, table.nowMs);
    table.scheduler.pause(reason, table.nowMs);
    assert.deepEqual(
      table.scheduler.sites().map(({ blockedOn }) => blockedOn),
      [`${reason}, waits for a name server`],
    );
  });
});

test('recipients are counted by the store that keeps them, and told with it', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({ 'a.example': plan });
  table.submit(['a.example', 'a.example'], { store: 2 });
  table.submit(['a.example']);
  table.submit(['a.example'], { store: 2, held: true });
  const first = table.connect();
  const counts = table.scheduler.stores();
  assert.deepEqual(counts[0], { waiting: 0, ready: 1, active: 0 });
  assert.equal(counts[1], undefined);
  assert.deepEqual(counts[2], { waiting: 1, ready: 0, active: 2 });
  const stores = [...table.scheduler.recipients()].map(({ store }) => store);
  assert.deepEqual(stores, [2, 2, undefined, 2]);
  table.refused(first.connection);
  assert.deepEqual(table.scheduler.stores()[2], { waiting: 3, ready: 0, active: 0 });
});
