// Grants ahead change nothing in who is served: turns of sites and tenants, slots that others need, servers that are silent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageHandle } from '../../src/schedule/types.ts';
import { rule } from './limits/rules.ts';
import { messagesOf, opened, site, tableOf } from './on-the-way.ts';
import { configOf, kinds, relay, Table, type Connect, type Transact } from './table.ts';

test('a connection that another site waits for is left alone, so that it becomes idle and is closed', () => {
  const table = new Table({ limits: { global: 1 } }).know({
    'a.example': site,
    'b.example': relay('other', ['192.0.2.9']),
  });
  const connect = opened(table, 4);
  const other = table.submit(['b.example']);
  assert.deepEqual(table.take(), []);
  table.submit(['a.example']);
  assert.deepEqual(table.take(), []);
  table.done(connect);
  const [, granted] = table.take();
  assert.equal(
    granted?.kind,
    'transact',
    'as without grants ahead, mail of its own site uses an idle connection',
  );
  table.done(granted as Transact);
  assert.deepEqual(kinds(table.take()), ['delivered', 'close', 'done']);
  table.closed(connect.connection);
  assert.deepEqual(messagesOf([table.connect()]), [other]);
});

const limitsOfTenant = (connections: number) => ({
  global: 100,
  rules: [
    rule('sites', ['site'], {}, { connections: 1 }),
    rule('tenants', ['tenant'], { tenant: ['x'] }, { connections }),
  ],
});

test('no slot of a tenant is taken for mail that would wait behind the message of another one for an unknown time', () => {
  const table = tableOf();
  table.scheduler.reconfigure({ ...configOf(), limits: limitsOfTenant(100) }, table.nowMs);
  const connect = opened(table, 4);
  const waits = table.submit(['a.example'], { tenant: 'x' });
  assert.deepEqual(table.take(), [], 'the server has answered nothing so far');
  table.pass(2_001).done(connect);
  assert.deepEqual(messagesOf(table.transacts()), [waits], 'the connection is idle');
});

test('where a server answers soon, a tenant may have slots behind messages of others, up to half of its limit', () => {
  const table = tableOf();
  table.know({ 'far.example': relay('far', ['192.0.2.9']) });
  table.scheduler.reconfigure({ ...configOf(), limits: limitsOfTenant(3) }, table.nowMs);
  const connect = opened(table, 4);
  const before = table.submit(['a.example']);
  table.done(connect);
  const [second] = table.transacts();
  assert.equal(second?.transaction.message, before);
  const ahead = table.submit(['a.example'], { tenant: 'x' });
  const more = table.submit(['a.example'], { tenant: 'x' });
  assert.deepEqual(messagesOf(table.transacts()), [ahead, more], 'they share a slot');
});

test('with half of the slots of a tenant in use, its mail goes ahead only where it has a slot, and keeps its turn', () => {
  const table = tableOf();
  table.know({ 'far.example': relay('far', ['192.0.2.9']) });
  table.scheduler.reconfigure({ ...configOf(), limits: limitsOfTenant(2) }, table.nowMs);
  table.submit(['far.example'], { tenant: 'x' });
  table.connect();
  const connect = opened(table, 4);
  const before = table.submit(['a.example']);
  table.done(connect);
  const [second] = table.transacts();
  assert.equal(second?.transaction.message, before);
  const waits = table.submit(['a.example'], { tenant: 'x' });
  assert.deepEqual(table.take(), [], 'its other slot is for mail that can go at once');
  const later = [1, 2, 3].map(() => table.submit(['a.example']));
  assert.deepEqual(table.take(), [], 'nothing goes before it');
  table.done(second);
  assert.deepEqual(messagesOf(table.transacts()), [waits, ...later], 'the connection was idle');
});

test('a server that was silent for five seconds is granted nothing ahead', () => {
  const table = tableOf({ limits: { perSite: 1 } });
  const connect = opened(table, 2);
  table.pass(5_001);
  table.submit(['a.example']);
  assert.deepEqual(table.take(), []);
  table.done(connect);
  assert.equal(table.transacts().length, 1, 'it has answered');
  table.submit(['a.example']);
  assert.equal(table.transacts().length, 1);
});

test('tenants take turns in the same order, whatever the depth', () => {
  const orderWith = (depth: number): string[] => {
    const table = tableOf({
      limits: { perSite: 1 },
      weights: new Map([
        ['x', 2],
        ['y', 1],
      ]),
    });
    const tenants = new Map<MessageHandle, string>();
    for (const tenant of ['x', 'x', 'x', 'x', 'x', 'x', 'y', 'y', 'y'])
      tenants.set(table.submit(['a.example'], { tenant }), tenant);
    const first = table.connect();
    table.ready(first.connection, depth);
    const onTheWay: (Connect | Transact)[] = [first, ...table.transacts()];
    const order: string[] = [];
    for (let grant = onTheWay.shift(); grant !== undefined; grant = onTheWay.shift()) {
      order.push(tenants.get(grant.transaction.message)!);
      table.done(grant);
      onTheWay.push(...table.transacts());
    }
    return order;
  };
  assert.equal(orderWith(1).length, 9);
  assert.deepEqual(orderWith(2), orderWith(1));
  assert.deepEqual(orderWith(4), orderWith(1));
});

test('urgent mail waits behind what is on the way, and no longer', () => {
  const table = tableOf({ limits: { perSite: 1 } });
  const connect = opened(table, 2);
  table.submit(['a.example'], { priority: -5 });
  table.submit(['a.example'], { priority: -5 });
  assert.equal(table.transacts().length, 1);
  const urgent = table.submit(['a.example'], { priority: 5 });
  table.done(connect);
  assert.deepEqual(messagesOf(table.transacts()), [urgent]);
});
