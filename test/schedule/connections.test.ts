// When connections are opened, kept, shared and closed, and how failing addresses are avoided.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds, minute, relay, start, Table, type Connect, type Transact, toldBy } from './table.ts';
import { encodeRefusal } from '../../src/message/refusal-form.ts';
import { broken } from '../refusals.ts';

test('an idle connection is used for the next message, also of another domain of its site, and closed after a while', () => {
  const table = new Table().know({
    'a.example': relay('s', ['192.0.2.1']),
    'b.example': relay('s', ['192.0.2.1']),
  });
  table.submit(['a.example']);
  const connect = table.connect();
  table.ready(connect.connection).done(connect);
  table.take();
  table.pass(4_000).submit(['b.example']);
  const [next] = table.take();
  assert.equal(next?.kind === 'transact' && next.connection, connect.connection);
  table.done(next as Transact);
  table.take();
  table.pass(4_999);
  assert.deepEqual(table.take(), []);
  table.pass(1);
  assert.deepEqual(table.take(), [{ kind: 'close', connection: connect.connection }]);
});

test('routes of one site take turns on a connection', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({
    'a.example': relay('s', ['192.0.2.1']),
    'b.example': relay('s', ['192.0.2.1']),
  });
  const submitted = ['a', 'a', 'a', 'b', 'b'].map((name) => table.submit([`${name}.example`]));
  let grant: Connect | Transact = table.connect();
  table.ready(grant.connection);
  const order = [grant.transaction.message];
  while (order.length < 5) {
    table.done(grant);
    grant = table.take().find((effect) => effect.kind === 'transact') as Transact;
    order.push(grant.transaction.message);
  }
  const [a1, a2, a3, b1, b2] = submitted;
  assert.deepEqual(order, [a1, a2, b1, a3, b2]);
});

test('a connection is closed after transactionsPerConnection', () => {
  const table = new Table({ transactionsPerConnection: 2, limits: { perSite: 1 } }).know({
    'a.example': relay('s', ['192.0.2.1']),
  });
  for (let count = 0; count < 3; count++) table.submit(['a.example']);
  const connect = table.connect();
  table.ready(connect.connection).done(connect);
  const second = table.take().find((effect) => effect.kind === 'transact') as Transact;
  table.done(second);
  assert.deepEqual(kinds(table.take()), ['delivered', 'close', 'done']);
  table.closed(connect.connection);
  assert.equal(table.connect().site, 's');
});

test('a transaction has at most recipientsPerTransaction recipients', () => {
  const table = new Table({ recipientsPerTransaction: 2 }).know({ 'a.example': relay('s', ['192.0.2.1']) });
  table.submit(Array.from({ length: 5 }, () => 'a.example'));
  assert.deepEqual(
    table.connects().map(({ transaction }) => transaction.recipients),
    [[0, 1], [2, 3], [4]],
  );
});

test('a failed connection lets its address rest and goes to another, without an attempt', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1@10', '192.0.2.2@20']) });
  table.submit(['a.example']);
  const first = table.connect();
  assert.equal(first.hop.ip, '192.0.2.1');
  table.refused(first.connection);
  const second = table.connect();
  assert.equal(second.hop.ip, '192.0.2.2');
  assert.equal([...table.scheduler.recipients()][0]?.attempts, 0);
});

test('when all addresses rest, the failed task is deferred and the others wait until one probes', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1']) });
  const found = table.submit(['a.example']);
  const first = table.connect();
  table.refused(first.connection);
  assert.deepEqual(table.take(), [
    {
      kind: 'deferred',
      message: found,
      recipient: 0,
      attempts: 1,
      nextAttemptAtMs: start + 5 * minute,
      refusal: encodeRefusal(broken('connection refused')),
    },
  ]);
  for (let count = 0; count < 3; count++) table.submit(['a.example']);
  assert.deepEqual(table.take(), [], 'the address rests');
  assert.match(
    table.scheduler.sites()[0]!.blockedOn,
    /^192\.0\.2\.1:25 rests until 2023-11-14T22:14:20\.000Z \(mx\.test\[192\.0\.2\.1\]:25: connection refused\)$/,
  );
  table.pass(minute - 1);
  assert.deepEqual(table.take(), []);
  table.pass(1);
  const probe = table.connect();
  table.refused(probe.connection);
  assert.deepEqual(kinds(table.take()), ['deferred'], 'the others still have no attempt');
  table.pass(2 * minute);
  const again = table.connect();
  table.ready(again.connection);
  assert.equal(table.connects().length, 1, 'one got through: the others follow');
});

test('an address that recovered starts again with the shortest rest', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1']) });
  const submitAndRefuse = (): void => {
    table.submit(['a.example']);
    table.refused(table.connect().connection);
    table.take();
  };
  submitAndRefuse();
  table.pass(minute);
  submitAndRefuse();
  table.submit(['a.example']);
  table.pass(2 * minute - 1);
  assert.deepEqual(table.take(), []);
  table.pass(1);
  const probe = table.connect();
  table.ready(probe.connection);
  table.scheduler.transactionDone(probe.connection, [], false, table.nowMs);
  table.closed(probe.connection);
  table.take();
  submitAndRefuse();
  table.submit(['a.example']);
  table.pass(minute);
  assert.equal(table.take().filter(({ kind }) => kind === 'connect').length, 1);
});

test('connections that were opened together and fail together count as one failure', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1']) });
  for (let count = 0; count < 5; count++) table.submit(['a.example']);
  const open = table.connects();
  for (const { connection } of open) table.refused(connection);
  assert.deepEqual(kinds(table.take()), ['deferred', 'deferred', 'deferred', 'deferred', 'deferred']);
  table.submit(['a.example']);
  table.pass(minute);
  assert.equal(table.connects().length, 1, 'after the first rest, not the fifth');
});

test('a connection refused while others to the host work counts as no attempt', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1']) });
  table.submit(['a.example']);
  const works = table.connect();
  table.ready(works.connection);
  const second = table.submit(['a.example']);
  table.refused(table.connect().connection);
  assert.deepEqual(table.take(), []);
  table.done(works);
  const next = table.take().find((effect) => effect.kind === 'transact');
  assert.equal(next?.transaction.message, second);
});

test('a connection that closed while a grant was on its way counts as no attempt', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1']) });
  table.submit(['a.example']);
  const first = table.connect();
  table.ready(first.connection).done(first);
  table.take();
  table.submit(['a.example']);
  assert.deepEqual(kinds(table.take()), ['transact']);
  table.closed(first.connection);
  assert.equal(table.connect().transaction.recipients.length, 1);
  assert.equal([...table.scheduler.recipients()][0]?.attempts, 0);
});

test('a host that hangs up before the first transaction counts as an attempt', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1']) });
  table.submit(['a.example']);
  const first = table.connect();
  table.ready(first.connection).closed(first.connection);
  const [deferred] = table.take();
  assert.match(toldBy(deferred), /: connection closed before the transaction$/u);
});

test('a connection that is not reusable holds its slots until it is closed', () => {
  const table = new Table({ limits: { global: 1 } }).know({ 'a.example': relay('s', ['192.0.2.1']) });
  table.submit(['a.example']);
  table.submit(['a.example']);
  const first = table.connect();
  table.ready(first.connection).done(first, 'delivered', false);
  assert.deepEqual(kinds(table.take()), ['delivered', 'done']);
  table.closed(first.connection);
  assert.equal(table.connects().length, 1);
});

test('a dead site fails one attempt at a time, while a healthy one is served at once', () => {
  const table = new Table().know({
    'dead.example': relay('dead', ['192.0.2.1']),
    'well.example': relay('well', ['192.0.2.2']),
  });
  table.submit(['dead.example']);
  table.refused(table.connect().connection);
  table.take();
  for (let count = 0; count < 100; count++) table.submit(['dead.example']);
  table.submit(['well.example']);
  assert.equal(table.connect().site, 'well');
});

test('a report about a connection that is not open throws', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1']) });
  table.submit(['a.example']);
  const { connection } = table.connect();
  table
    .ready(connection)
    .done({ connection, transaction: { message: 0 as never, recipients: [0] } } as never);
  table.take();
  assert.throws(() => table.scheduler.transactionDone(connection, [], true, table.nowMs), {
    code: 'SCHEDULER_MISUSE',
  });
  table.closed(connection);
  assert.throws(() => table.closed(connection), { code: 'SCHEDULER_MISUSE' });
});
