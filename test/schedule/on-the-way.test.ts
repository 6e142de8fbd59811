// Several transactions on the way on one connection: in which order results and limits are counted, and what goes back when the
// connection ends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { broken, refused } from '../refusals.ts';
import { rule } from './limits/rules.ts';
import { messagesOf, opened, site, tableOf } from './on-the-way.ts';
import { configOf, kinds, minute, relay, Table, type Connect, type Transact } from './table.ts';

test('as long as limits allow it, every message has a connection of its own', () => {
  const table = tableOf();
  opened(table, 4);
  table.submit(['a.example']);
  assert.equal(table.connects().length, 1);
});

for (const depth of [1, 2, 4]) {
  test(`when limits are full, ${depth} transactions are on the way on a connection with the depth ${depth}`, () => {
    const table = tableOf({ limits: { perSite: 1 } });
    const connect = opened(table, depth);
    const others = Array.from({ length: 6 }, () => table.submit(['a.example']));
    let granted = table.transacts();
    assert.deepEqual(messagesOf(granted), others.slice(0, depth - 1));
    table.done(connect);
    granted.push(...table.transacts());
    assert.deepEqual(messagesOf(granted), others.slice(0, depth), 'the one that is over makes room for one');
    table.done(granted[0]!);
    granted = [...granted, ...table.transacts()];
    assert.deepEqual(messagesOf(granted), others.slice(0, depth + 1));
  });
}

test('mail that waits when a connection becomes ready is granted ahead at once', () => {
  const table = tableOf({ limits: { perSite: 1 } });
  const [first, second, third] = [1, 2, 3].map(() => table.submit(['a.example']));
  const connect = table.connect();
  assert.deepEqual(messagesOf([connect]), [first]);
  table.ready(connect.connection, 2);
  assert.deepEqual(messagesOf(table.transacts()), [second]);
  table.done(connect);
  assert.deepEqual(messagesOf(table.transacts()), [third]);
});

test('the connection with the fewest transactions on the way is chosen, and of these the one that was heard of last', () => {
  const table = tableOf({ limits: { perSite: 3 } });
  const connects = [1, 2, 3].map(() => {
    table.submit(['a.example']);
    return table.connect();
  });
  for (const { connection } of [connects[1]!, connects[2]!, connects[0]!]) table.ready(connection, 3);
  const chosen = Array.from({ length: 7 }, () => {
    table.submit(['a.example']);
    return table.transacts()[0]?.connection;
  });
  const [a, b, c] = connects.map(({ connection }) => connection);
  assert.deepEqual(chosen.slice(0, 3), [a, c, b]);
  assert.deepEqual(chosen.slice(3, 6).sort(), [a, b, c]);
  assert.equal(chosen[6], undefined);
});

test('an idle connection goes before one that is busy', () => {
  const table = tableOf({ limits: { perSite: 2 } });
  const busy = opened(table, 4);
  const idle = opened(table, 4);
  table.done(idle).take();
  table.submit(['a.example']);
  assert.equal(table.transacts()[0]?.connection, idle.connection);
  table.submit(['a.example']);
  assert.equal([busy.connection, idle.connection].includes(table.transacts()[0]!.connection), true);
});

test('results belong to the oldest transaction on the way', () => {
  const table = tableOf({ limits: { perSite: 1 } });
  const connect = opened(table, 3);
  const [second, third] = [table.submit(['a.example']), table.submit(['b.example'])];
  const granted = table.transacts();
  table.done(connect).take();
  table.done(granted[0]!, 'tempfail');
  const [deferred] = table.take();
  assert.equal(deferred?.kind === 'deferred' && deferred.message, second);
  table.done(granted[1]!);
  const [delivered] = table.take();
  assert.equal(delivered?.kind === 'delivered' && delivered.message, third);
});

test('what is on the way when a connection closes goes back in its order, and spends no attempt', () => {
  const table = tableOf({ limits: { perSite: 1 } });
  const connect = opened(table, 4);
  const others = [1, 2, 3].map(() => table.submit(['a.example']));
  table.take();
  const last = table.submit(['a.example']);
  table.done(connect).take();
  table.closed(connect.connection);
  const again = table.connect();
  assert.deepEqual(
    [...table.scheduler.recipients()].map(({ attempts }) => attempts),
    [0, 0, 0, 0],
  );
  table.ready(again.connection, 4);
  assert.deepEqual(messagesOf([again, ...table.transacts()]), [...others, last]);
});

test('a connection that closes before its first transaction spends an attempt of that one, and of no other', () => {
  const table = tableOf({ limits: { perSite: 1 } });
  const connect = opened(table, 2);
  const second = table.submit(['a.example']);
  table.take();
  table.closed(connect.connection);
  const [deferred, again] = table.take();
  assert.equal(deferred?.kind === 'deferred' && deferred.message, connect.transaction.message);
  assert.equal(again?.kind === 'connect' && again.transaction.message, second);
});

test('after results that say that the connection goes away, nothing is granted to it, and others may still be reported', () => {
  const table = tableOf({ limits: { perSite: 1 } });
  const connect = opened(table, 2);
  table.submit(['a.example']);
  const [second] = table.transacts();
  const third = table.submit(['a.example']);
  table.done(connect, 'delivered', false);
  assert.deepEqual(kinds(table.take()), ['delivered', 'done']);
  table.done(second!, 'delivered', false);
  assert.deepEqual(kinds(table.take()), ['delivered', 'done']);
  table.closed(connect.connection);
  assert.deepEqual(messagesOf([table.connect()]), [third]);
});

test('a connection counts for every domain that it has on the way, until the server has heard of another one', () => {
  const table = tableOf({ limits: { perSite: 1, perDomain: 1 } });
  const connect = opened(table, 2);
  table.submit(['b.example']);
  const [toB] = table.transacts();
  const used = (): string[] =>
    table.scheduler
      .limits(100, table.nowMs)
      .counters.filter(({ rule, used: count }) => rule.includes('domain') && count > 0)
      .map(({ key }) => key)
      .sort();
  assert.deepEqual(used(), ['a.example', 'b.example']);
  table.done(connect).take();
  assert.deepEqual(used(), ['a.example', 'b.example'], 'the server counts it for a.example still');
  table.submit(['c.example']);
  const [toC] = table.transacts();
  assert.deepEqual(used(), ['a.example', 'b.example', 'c.example']);
  table.done(toB!).take();
  assert.deepEqual(used(), ['b.example', 'c.example']);
  table.done(toC!).take();
  assert.deepEqual(used(), ['c.example']);
});

test('a domain whose limit is full elsewhere is not granted ahead', () => {
  const table = new Table({ limits: { perSite: 1, perDomain: 1 } }).know({
    'a.example': site,
    'b.example': relay('other', ['192.0.2.9']),
  });
  const connect = opened(table, 4);
  table.submit(['b.example']);
  table.connect();
  // Its MX has moved: new mail of b.example goes to the site of a.example.
  table.plans.set('mx:b.example', site);
  table.scheduler.routesChanged(table.nowMs);
  table.submit(['b.example']);
  assert.deepEqual(table.take(), []);
  table.done(connect).take();
});

test('messages_per_connection holds exactly, with grants ahead', () => {
  const table = tableOf({ transactionsPerConnection: 3, limits: { perSite: 1 } });
  const connect = opened(table, 4);
  for (let count = 0; count < 5; count++) table.submit(['a.example']);
  const granted: (Connect | Transact)[] = [connect, ...table.transacts()];
  assert.deepEqual(
    granted.map(({ transaction }) => transaction.isLast),
    [false, false, true],
  );
  for (const grant of granted.slice(0, 2)) {
    table.done(grant);
    assert.deepEqual(
      kinds(table.take()),
      ['delivered', 'done'],
      'nothing is granted, and nothing is closed yet',
    );
  }
  table.done(granted[2]!);
  assert.deepEqual(kinds(table.take()), ['delivered', 'close', 'done']);
});

test('rates are spent at the grant, and again when a transaction comes back', () => {
  const slow = rule('slow', ['domain'], {}, { messageRate: { count: 300, perMs: minute } });
  const table = tableOf();
  table.scheduler.reconfigure({ ...configOf(), limits: { global: 1, rules: [slow] } }, table.nowMs);
  const connect = opened(table, 4);
  const others = [1, 2, 3, 4].map(() => table.submit(['a.example']));
  assert.deepEqual(messagesOf(table.transacts()), others.slice(0, 2), 'three may go at once');
  table.closed(connect.connection);
  assert.deepEqual(kinds(table.take()), ['deferred'], 'those that came back have to wait for the rate');
  table.pass(1_000);
  assert.deepEqual(messagesOf([table.connect()]), others.slice(0, 1));
});

test('a connection above a lowered limit gets nothing more, and is told to close at its next results', () => {
  const table = tableOf({ limits: { perSite: 2 } });
  const [first, second] = [opened(table, 2), opened(table, 2)];
  table.scheduler.reconfigure(configOf({ limits: { perSite: 1 } }), table.nowMs);
  const waiting = table.submit(['a.example']);
  assert.deepEqual(table.take(), []);
  table.done(first);
  assert.deepEqual(kinds(table.take()), ['delivered', 'close', 'done']);
  table.done(second);
  const granted = table.transacts();
  assert.deepEqual(messagesOf(granted), [waiting]);
  assert.equal(granted[0]?.connection, second.connection);
});

test('a connection is told to close while transactions are on the way: those that come back go elsewhere', () => {
  const table = tableOf({ limits: { perSite: 2 } });
  const first = opened(table, 2);
  const second = opened(table, 2);
  const [third, fourth] = [table.submit(['a.example']), table.submit(['a.example'])];
  const granted = table.transacts();
  assert.deepEqual(messagesOf(granted), [third, fourth]);
  table.scheduler.reconfigure(configOf({ limits: { perSite: 1 } }), table.nowMs);
  table.done(first);
  assert.deepEqual(kinds(table.take()), ['delivered', 'close', 'done']);
  table.closed(first.connection);
  assert.deepEqual(table.take(), [], 'the other connection has no room');
  table.done(second);
  assert.deepEqual(kinds(table.take()), ['delivered', 'transact', 'done']);
});

test('a host that is to be left gets nothing more on that connection, and what is on the way there is finished', () => {
  const action = { kind: 'next_host', forMs: 10 * minute } as const;
  const leave = { name: 'leave', origin: 'test', source: '', code: '421', text: '', mx: [], action };
  const table = tableOf({ limits: { perSite: 1 }, reactions: [leave] });
  const connect = opened(table, 3);
  const second = table.submit(['a.example']);
  const [grant] = table.transacts();
  table.done(connect, [refused(0, '421 4.3.2 go away')]);
  assert.ok(kinds(table.take()).includes('close'));
  table.submit(['a.example']);
  assert.deepEqual(table.take(), []);
  table.done(grant!, 'delivered', false);
  const [delivered] = table.take();
  assert.equal(delivered?.kind === 'delivered' && delivered.message, second);
});

test('a failed connection says nothing about what is on the way elsewhere', () => {
  const table = tableOf({ limits: { perSite: 2 } });
  const first = opened(table, 2);
  table.submit(['a.example']);
  const second = table.connect();
  table.closed(second.connection, { kind: 'failed', refusal: broken('connection refused') });
  assert.deepEqual(messagesOf(table.transacts()), messagesOf([second]), 'it goes behind the one on the way');
  table.done(first);
});

test('nothing stands in the way of a message that can be granted ahead', () => {
  const table = tableOf({ limits: { perSite: 1 } });
  opened(table, 2);
  const binding = (): readonly string[] => {
    const plan = table.plans.get('mx:a.example');
    assert.equal(plan?.kind, 'relay');
    return table.scheduler.explain('mx:a.example', 'a.example', '', plan as never, table.nowMs).binding;
  };
  assert.deepEqual(binding(), []);
  table.submit(['a.example']);
  table.take();
  assert.deepEqual(binding(), ['limit site s (1) is full']);
});

test('operators reach what waits, and not what is on the way ahead', () => {
  const table = tableOf({ limits: { perSite: 1 } });
  const connect = opened(table, 2);
  const [ahead, waiting] = [table.submit(['a.example']), table.submit(['a.example'])];
  const [grant] = table.transacts();
  const { scheduler } = table;
  assert.deepEqual(scheduler.remove(ahead), []);
  assert.deepEqual(scheduler.notInFlight(ahead, [0]), []);
  assert.equal(
    scheduler.reroute(ahead, new Map([[0, { route: 'mx:b.example', domain: 'b.example' }]]), 0),
    false,
  );
  scheduler.hold(ahead);
  assert.deepEqual(scheduler.remove(waiting), [0]);
  table.done(connect).take();
  table.closed(connect.connection);
  assert.equal(grant?.transaction.message, ahead);
  assert.deepEqual(table.take(), [], 'what came back is held');
  scheduler.release(ahead, table.nowMs);
  assert.deepEqual(messagesOf([table.connect()]), [ahead]);
});

test('a depth that is no whole number from 1 to 255 is a fault of the caller', () => {
  const table = tableOf();
  table.submit(['a.example']);
  const { connection } = table.connect();
  for (const depth of [0, 1.5, 256]) {
    assert.throws(() => table.ready(connection, depth), { code: 'SCHEDULER_MISUSE' });
  }
});
