// Limits on connections: who gets a slot, and who waits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf, kinds, minute, relay, start, Table, type Connect, type Transact } from './table.ts';

const many = (count: number, domain: string): void[] => Array.from({ length: count }, () => void domain);

/** Submits `count` messages to the domain. */
function submitMany(table: Table, count: number, domain: string): void {
  for (const _ of many(count, domain)) table.submit([domain]);
}

for (const [limit, plans] of [
  ['global', { 'a.example': relay('a', ['192.0.2.1']), 'b.example': relay('b', ['192.0.2.2']) }],
  [
    'perSite',
    { 'a.example': relay('s', ['192.0.2.1']), 'b.example': relay('s', ['192.0.2.1', '192.0.2.2']) },
  ],
  ['perIp', { 'a.example': relay('a', ['192.0.2.1']), 'b.example': relay('b', ['192.0.2.1']) }],
] as const) {
  test(`${limit} counts connections of several domains together; a free slot goes to the domain that waited longest`, () => {
    const table = new Table({ limits: { [limit]: 3 } }).know(plans);
    submitMany(table, 3, 'a.example');
    const open = table.connects();
    submitMany(table, 2, 'b.example');
    assert.deepEqual(table.take(), []);
    submitMany(table, 2, 'a.example');
    assert.deepEqual(table.take(), []);
    assert.equal(table.scheduler.nextWakeMs(), start + 5 * 86_400_000, 'parked routes are not polled');
    const order: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const { connection } = open.shift()!;
      table.ready(connection);
      table.scheduler.transactionDone(connection, [], false, table.nowMs);
      table.closed(connection);
      const next = table.take().find((effect) => effect.kind === 'connect') as Connect;
      open.push(next);
      order.push(table.scheduler.queueIdOf(next.transaction.message).slice(-1));
    }
    assert.deepEqual(order, ['4', '6', '5', '7'], 'b, a, b, a');
  });
}

test('perDomain counts connections whose last transaction was for the domain', () => {
  const table = new Table({ limits: { perDomain: 1 } }).know({
    'a.example': relay('s', ['192.0.2.1']),
    'b.example': relay('s', ['192.0.2.1']),
  });
  table.submit(['a.example']);
  const first = table.connect();
  table.submit(['a.example']);
  assert.deepEqual(table.take(), [], 'the domain has its one connection');
  table.submit(['b.example']);
  const other = table.connect();
  table.ready(other.connection).done(other);
  table.take();
  table.submit(['b.example']);
  const again = table.take();
  assert.deepEqual(kinds(again), ['transact'], 'it is reused within its own domain');
  table.done(again[0] as Transact);
  table.take();
  table.ready(first.connection);
  table.scheduler.transactionDone(first.connection, [], false, table.nowMs);
  assert.deepEqual(kinds(table.take()), ['deferred'], 'a connection that is going away still counts');
  table.closed(first.connection);
  assert.deepEqual(kinds(table.take()), ['transact'], 'now the idle connection may change to the domain');
});

test('a connection that changes to another domain holds the slot of the first until the server has answered for the other', () => {
  const table = new Table({ limits: { perDomain: 1, perSite: 1 } }).know({
    'a.example': relay('s', ['192.0.2.1']),
    'b.example': relay('s', ['192.0.2.1']),
    'c.example': relay('t', ['192.0.2.2']),
  });
  table.submit(['a.example']);
  const connect = table.connect();
  table.submit(['b.example']);
  assert.deepEqual(table.take(), []);
  table.ready(connect.connection).done(connect);
  const effects = table.take();
  assert.deepEqual(kinds(effects), ['delivered', 'transact', 'done']);
  // The domain moves to another site. A slow sender may not have started the transaction of the other domain: until its
  // result, the server may still count the connection for the first domain.
  table.know({ 'a.example': relay('t', ['192.0.2.2']) });
  table.scheduler.routeResolved('mx:a.example', table.plans.get('mx:a.example')!, table.nowMs);
  table.submit(['a.example']);
  assert.deepEqual(table.take(), []);
  const transact = effects.find((effect) => effect.kind === 'transact');
  assert.ok(transact !== undefined);
  table.done(transact);
  const next = table.take().find((effect) => effect.kind === 'connect');
  assert.equal(next?.site, 't');
});

test('a transaction for recipients of several domains takes a slot of each', () => {
  const table = new Table({ limits: { perDomain: 1 } }).know({
    'a.example': relay('s', ['192.0.2.1']),
    'b.example': relay('s', ['192.0.2.1']),
  });
  table.submit(['a.example', 'b.example']);
  const both = table.connect();
  assert.deepEqual(both.transaction.recipients, [0, 1]);
  table.submit(['a.example']);
  table.submit(['b.example']);
  assert.deepEqual(table.take(), []);
});

test('recipients of a full domain do not hold up the others of their message', () => {
  const table = new Table({ limits: { perDomain: 1 } }).know({
    'a.example': relay('s', ['192.0.2.1']),
    'b.example': relay('s', ['192.0.2.1']),
    'c.example': relay('s', ['192.0.2.1']),
  });
  table.submit(['a.example']);
  const busy = table.connect();
  table.submit(['a.example', 'b.example', 'c.example']);
  assert.deepEqual(table.connect().transaction.recipients, [1, 2]);
  table.ready(busy.connection).done(busy);
  const next = table.take().find((effect) => effect.kind === 'transact');
  assert.deepEqual(next?.transaction.recipients, [0]);
});

test('when one address is full, the next of equal preference is used; when all are full, the route waits for either', () => {
  const table = new Table({ limits: { perIp: 1 } }).know({
    'a.example': relay('a', ['192.0.2.1@10', '192.0.2.2@10', '192.0.2.3@20']),
  });
  submitMany(table, 3, 'a.example');
  const open = table.connects();
  assert.deepEqual(
    open.map(({ hop }) => hop.ip).sort(),
    ['192.0.2.1', '192.0.2.2'],
    'never the higher preference',
  );
  const [row] = table.scheduler.sites();
  assert.match(row!.blockedOn, /^limit ip 192\.0\.2\.1 \(1\) is full, limit ip 192\.0\.2\.2 \(1\) is full$/);
  for (const { connection, hop } of open) {
    const { ip } = hop;
    table.ready(connection);
    table.scheduler.transactionDone(connection, [], false, table.nowMs);
    table.closed(connection);
    const next = table.take().find((effect) => effect.kind === 'connect');
    if (next !== undefined) assert.equal(next.hop.ip, ip);
  }
  assert.equal(table.scheduler.counts().connections, 1);
});

test('connections spread over addresses of equal preference', () => {
  const ips = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'];
  const table = new Table().know({ 'a.example': relay('a', ips) });
  submitMany(table, 20, 'a.example');
  const perIp = ips.map((ip) =>
    table.scheduler.effects.filter((effect) => effect.kind === 'connect' && effect.hop.ip === ip),
  );
  assert.deepEqual(
    perIp.map((list) => list.length),
    [0, 0, 0, 0],
  );
  const counts = new Map<string, number>();
  for (const {
    hop: { ip },
  } of table.connects())
    counts.set(ip, (counts.get(ip) ?? 0) + 1);
  assert.deepEqual([...counts.values()], [5, 5, 5, 5]);
});

test('an idle connection of another site makes room when it holds the limit that is full', () => {
  for (const limits of [{ global: 1 }, { perIp: 1 }]) {
    const table = new Table({ limits }).know({
      'a.example': relay('a', ['192.0.2.1']),
      'b.example': relay('b', ['192.0.2.1']),
    });
    table.submit(['a.example']);
    const first = table.connect();
    table.ready(first.connection).done(first);
    table.take();
    table.submit(['b.example']);
    assert.deepEqual(table.take(), [{ kind: 'close', connection: first.connection }]);
    table.closed(first.connection);
    assert.equal(table.connect().site, 'b');
  }
});

test('the longest idle connection makes room, and only as many as are needed', () => {
  const table = new Table({ limits: { global: 3 } }).know({
    'a.example': relay('a', ['192.0.2.1']),
    'b.example': relay('b', ['192.0.2.2']),
  });
  submitMany(table, 3, 'a.example');
  const open = table.connects();
  for (const connect of open.toReversed()) table.pass(1_000).ready(connect.connection).done(connect);
  table.take();
  submitMany(table, 2, 'b.example');
  assert.deepEqual(table.take(), [{ kind: 'close', connection: open[2]!.connection }], 'one route, one slot');
});

test('a connection that becomes idle while others wait for its slot is closed for them', () => {
  const table = new Table({ limits: { global: 1 } }).know({
    'a.example': relay('a', ['192.0.2.1']),
    'b.example': relay('b', ['192.0.2.2']),
  });
  table.submit(['a.example']);
  const first = table.connect();
  table.submit(['b.example']);
  assert.deepEqual(table.take(), []);
  table.ready(first.connection).done(first);
  assert.deepEqual(kinds(table.take()), ['delivered', 'close', 'done']);
});

test('lowering a limit opens nothing new until the count is below it, and cuts no connection off', () => {
  const table = new Table({ limits: { perSite: 3 } }).know({ 'a.example': relay('a', ['192.0.2.1']) });
  submitMany(table, 6, 'a.example');
  const open = table.connects();
  table.scheduler.reconfigure(configOf({ limits: { perSite: 1 } }), table.nowMs);
  assert.deepEqual(table.take(), []);
  for (const connect of open) table.ready(connect.connection);
  table.done(open[0]!);
  assert.deepEqual(kinds(table.take()), ['delivered', 'close', 'done']);
  table.done(open[1]!).closed(open[0]!.connection).closed(open[1]!.connection);
  assert.deepEqual(kinds(table.take()), ['delivered', 'close', 'done']);
  table.done(open[2]!);
  assert.deepEqual(kinds(table.take()), ['delivered', 'transact', 'done'], 'the last one goes on');
});

test('raising a limit opens connections at once; a limit of 0 opens none', () => {
  const table = new Table({ limits: { perDomain: 0 } }).know({ 'a.example': relay('a', ['192.0.2.1']) });
  submitMany(table, 5, 'a.example');
  assert.deepEqual(table.take(), []);
  assert.match(table.scheduler.sites()[0]!.blockedOn, /domain a\.example is on hold/);
  table.scheduler.reconfigure(configOf({ limits: { perDomain: 4 } }), table.nowMs);
  assert.equal(table.connects().length, 4);
});

test('lowering a limit closes idle connections above it', () => {
  const table = new Table().know({ 'a.example': relay('a', ['192.0.2.1']) });
  submitMany(table, 3, 'a.example');
  for (const connect of table.connects()) table.ready(connect.connection).done(connect);
  table.take();
  table.scheduler.reconfigure(configOf({ limits: { perIp: 1 } }), table.nowMs);
  assert.deepEqual(kinds(table.take()), ['close', 'close']);
});

test('waiting for a limit never counts as an attempt and never advances the retry schedule', () => {
  const table = new Table({ limits: { perDomain: 1 } }).know({ 'a.example': relay('a', ['192.0.2.1']) });
  submitMany(table, 2, 'a.example');
  const first = table.connect();
  table.pass(60 * minute);
  assert.deepEqual(table.take(), []);
  const waiting = [...table.scheduler.recipients()].find(({ state }) => state === 'ready');
  assert.equal(waiting?.attempts, 0);
  table.ready(first.connection).done(first);
  assert.deepEqual(kinds(table.take()), ['delivered', 'transact', 'done']);
});
