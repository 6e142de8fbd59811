// Plans of routes: when the scheduler asks for them, and which mail waits for them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoutePlan } from '../../src/route/types.ts';
import { hour, kinds, minute, noRoute, relay, start, Table, type Connect } from './table.ts';

const shared = relay('shared', ['192.0.2.1']);

test('a plan is asked for once for any number of messages', () => {
  const table = new Table();
  for (let count = 0; count < 10; count++) table.submit(['a.example']);
  assert.deepEqual(kinds(table.take()), ['resolve']);
  table.scheduler.routeResolved('mx:a.example', shared, table.nowMs);
  assert.equal(table.connects().length, 10);
  table.submit(['a.example']);
  assert.deepEqual(kinds(table.take()), ['connect'], 'and not again while it is valid');
});

test('an expired plan is asked for again when there is work, and only then', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1'], start + minute) });
  table.submit(['a.example']);
  table.connect();
  table.pass(hour);
  assert.deepEqual(kinds(table.take()), []);
  table.plans.clear();
  table.submit(['a.example']);
  assert.deepEqual(kinds(table.take()), ['resolve']);
  assert.deepEqual(
    [...table.scheduler.recipients()].map(({ state }) => state),
    ['active', 'resolving'],
  );
});

test('a plan that has expired when it arrives still serves the mail that waits for it', () => {
  const table = new Table().know({ 'a.example': relay('s', ['192.0.2.1'], start - hour) });
  table.submit(['a.example']);
  assert.equal(table.connect().site, 's');
});

test('recipients of one message wait for each other until all routes are known', () => {
  const table = new Table().know({ 'known.example': shared });
  table.submit(['known.example', 'b.example', 'c.example']);
  assert.deepEqual(kinds(table.take()), ['resolve', 'resolve']);
  table.scheduler.routeResolved('mx:known.example', shared, table.nowMs);
  table.scheduler.routeResolved('mx:b.example', shared, table.nowMs);
  assert.deepEqual(kinds(table.take()), []);
  table.scheduler.routeResolved('mx:c.example', shared, table.nowMs);
  assert.deepEqual(table.connect().transaction.recipients, [0, 1, 2]);
});

test('recipients of one message do not wait for each other longer than the grace', () => {
  const table = new Table({ routeGraceMs: 500 }).know({ 'known.example': shared, 'b.example': shared });
  table.submit(['known.example', 'b.example', 'slow.example']);
  assert.deepEqual(kinds(table.take()), ['resolve']);
  table.pass(499);
  assert.deepEqual(table.take(), []);
  table.pass(1);
  assert.deepEqual(table.connect().transaction.recipients, [0, 1]);
  table.pass(minute);
  table.scheduler.routeResolved('mx:slow.example', shared, table.nowMs);
  assert.deepEqual(table.connect().transaction.recipients, [2]);
});

test('an error of one route does not hold up the others', () => {
  const table = new Table().know({ 'a.example': shared });
  table.submit(['a.example', 'bad.example']);
  table.take();
  table.scheduler.routeResolved('mx:bad.example', noRoute(true), table.nowMs);
  assert.deepEqual(kinds(table.take()), ['failed', 'connect']);
});

test('after a domain moved, the next attempt goes to its new site, in a transaction of its own', () => {
  const table = new Table().know({
    'a.example': relay('s', ['192.0.2.1'], start + minute),
    'b.example': relay('s', ['192.0.2.1'], start + minute),
  });
  table.submit(['a.example', 'b.example']);
  const connect = table.connect();
  table.ready(connect.connection).done(connect, 'tempfail', false).closed(connect.connection);
  table.take();
  table.know({ 'a.example': relay('s', ['192.0.2.1']), 'b.example': relay('t', ['192.0.2.2']) });
  table.pass(5 * minute);
  assert.deepEqual(
    table.connects().map(({ site, transaction }) => [site, transaction.recipients]),
    [
      ['s', [0]],
      ['t', [1]],
    ],
  );
});

test('a parked route whose plan expires keeps its turn', () => {
  // The plan of the short route holds for a second and a slot gets free every minute: during look-ups others take the slot.
  const table = new Table({ limits: { perSite: 1 } }).know({ 'long.example': relay('s', ['192.0.2.1']) });
  const shortPlan = (): ReturnType<typeof relay> => relay('s', ['192.0.2.1'], table.nowMs + 1_000);
  table.submit(['long.example']);
  let grant: Connect = table.connect();
  table.submit(['short.example']);
  table.scheduler.routeResolved('mx:short.example', shortPlan(), table.nowMs);
  for (let count = 0; count < 9; count++) table.submit(['long.example']);
  table.take();
  const served: string[] = [];
  for (let turn = 0; turn < 3; turn++) {
    table.pass(minute);
    table.ready(grant.connection).done(grant, 'delivered', false).closed(grant.connection);
    const effects = table.take();
    grant = effects.find((effect) => effect.kind === 'connect') as Connect;
    served.push(table.scheduler.queueIdOf(grant.transaction.message).slice(-1));
    if (effects.some(({ kind }) => kind === 'resolve')) {
      table.scheduler.routeResolved('mx:short.example', shortPlan(), table.nowMs);
    }
  }
  assert.deepEqual(served, ['3', '2', '4'], 'long while short is looked up, short, long');
});

test('a route that waits for its plan does not hold up a message that also goes elsewhere', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({
    'a.example': relay('s', ['192.0.2.1'], start + minute),
    'b.example': relay('s', ['192.0.2.1'], start + hour),
  });
  table.submit(['a.example']);
  const busy = table.connect();
  table.submit(['a.example', 'b.example']);
  assert.deepEqual(table.take(), []);
  table.plans.delete('mx:a.example');
  table.pass(2 * minute);
  table.ready(busy.connection).done(busy);
  assert.deepEqual(kinds(table.take()), ['delivered', 'resolve', 'done']);
  table.pass(2_000);
  const next = table.take().find((effect) => effect.kind === 'transact');
  assert.deepEqual(
    next?.transaction.recipients,
    [1],
    'after the grace, without the recipient whose route is looked up',
  );
});

test('a plan for an unknown route changes nothing', () => {
  const table = new Table();
  table.scheduler.routeResolved('mx:nobody.example', shared, start);
  assert.deepEqual(table.take(), []);
  assert.deepEqual(table.scheduler.sites(), []);
});

test('a plan may allow fewer recipients in a transaction than the configuration', () => {
  const one = { ...relay('s', ['192.0.2.1']), recipientsPerTransaction: 1, security: '+verp' } as RoutePlan;
  const table = new Table({ recipientsPerTransaction: 100 }).know({
    'a.example': one,
    'b.example': relay('s', ['192.0.2.1']),
  });
  table.submit(['a.example', 'b.example', 'a.example', 'a.example', 'b.example']);
  const granted = table.connects().map(({ transaction }) => [...transaction.recipients].sort());
  assert.deepEqual(granted.sort(), [[0], [1, 4], [2], [3]]);
});
