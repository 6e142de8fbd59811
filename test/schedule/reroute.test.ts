// Mail that waits takes new routes when the routing table changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hour, relay, start, Table } from './table.ts';

const oldSite = relay('old', ['192.0.2.1']);
const newSite = relay('new', ['192.0.2.2']);

function routes(table: Table): string[] {
  return [...table.scheduler.recipients()]
    .map(({ recipient, route, state }) => `${recipient} ${route} ${state}`)
    .sort();
}

function toRelay(...recipients: number[]) {
  return new Map(
    recipients.map((recipient) => [recipient, { route: 'relay#r:a.example', domain: 'a.example' }]),
  );
}

test('waiting, ready, resolving and held recipients take a new route; attempts and times stay', () => {
  const table = new Table({ limits: { global: 0 } }).know({ 'a.example': oldSite });
  table.plans.set('relay#r:a.example', newSite);
  const waiting = table.submit([{ domain: 'a.example', nextAttemptAtMs: start + hour, attempts: 3 }]);
  const ready = table.submit(['a.example']);
  const held = table.submit(['a.example'], { held: true });
  const resolving = table.submit(['silent.example']);
  for (const message of [waiting, ready, held, resolving]) {
    assert.equal(table.scheduler.reroute(message, toRelay(0), table.nowMs), true);
  }
  table.take();
  assert.deepEqual(routes(table), [
    '0 relay#r:a.example held',
    '0 relay#r:a.example ready',
    '0 relay#r:a.example ready',
    '0 relay#r:a.example waiting',
  ]);
  const row = [...table.scheduler.recipients()].find(({ state }) => state === 'waiting');
  assert.equal(row?.nextAttemptAtMs, start + hour);
  assert.equal(row.attempts, 3);
});

test('mail is delivered by its new route', () => {
  const table = new Table({ limits: { perDomain: 1 } }).know({ 'a.example': oldSite });
  table.plans.set('relay#r:a.example', newSite);
  table.submit(['a.example']);
  const first = table.connect();
  assert.equal(first.hop.ip, '192.0.2.1');
  const second = table.submit(['a.example']);
  assert.deepEqual(table.take(), []);
  table.scheduler.reroute(second, toRelay(0), table.nowMs);
  assert.deepEqual(table.take(), [], 'the domain is still at its limit');
  table.ready(first.connection).done(first, 'delivered', false);
  table.take();
  table.scheduler.connectionClosed(first.connection, { kind: 'closed' }, table.nowMs);
  assert.equal(table.connect().hop.ip, '192.0.2.2');
});

test('recipients in flight keep their route, and the result of the call says so', () => {
  const table = new Table({ recipientsPerTransaction: 1, limits: { perSite: 1 } }).know({
    'a.example': oldSite,
  });
  table.plans.set('relay#r:a.example', newSite);
  const message = table.submit(['a.example', 'a.example']);
  const connect = table.connect();
  assert.equal(table.scheduler.reroute(message, toRelay(0, 1), table.nowMs), false);
  const other = table.connect();
  assert.equal(other.hop.ip, '192.0.2.2');
  table.ready(connect.connection).done(connect, 'tempfail');
  table.take();
  assert.equal(table.scheduler.reroute(message, toRelay(0), table.nowMs), true);
  assert.ok(routes(table).includes('0 relay#r:a.example waiting'));
});

test('after a change of routes every plan is asked for again', () => {
  const table = new Table({ limits: { perDomain: 1 } }).know({ 'a.example': oldSite });
  table.submit(['a.example']);
  const connect = table.connect();
  table.know({ 'a.example': newSite });
  table.scheduler.routesChanged(table.nowMs);
  table.submit(['a.example']);
  table.ready(connect.connection).done(connect, 'delivered', false);
  table.take();
  table.scheduler.connectionClosed(connect.connection, { kind: 'closed' }, table.nowMs);
  assert.equal(table.connect().hop.ip, '192.0.2.2');
});
