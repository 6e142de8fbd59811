// A message through the scheduler: begin, recipients, commit, grant, results.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds, noRoute, relay, start, Table, toldBy } from './table.ts';
import { encodeRefusal } from '../../src/message/refusal-form.ts';
import { planRefusal } from '../../src/route/outcome.ts';
import { delivered, refused, saidForm } from '../refusals.ts';
import { smtpHop } from '../../src/route/next-hop.ts';

test('a message is delivered: the plan is asked for, a connection opened, and the outcome reported', () => {
  const table = new Table();
  const message = table.submit(['example.com'], { queueId: 'AbCdEf0123456-_' });
  assert.deepEqual(table.take(), [{ kind: 'resolve', route: 'mx:example.com', key: 'mx:example.com' }]);
  table.scheduler.routeResolved('mx:example.com', relay('site', ['192.0.2.1']), start);
  const connect = table.connect();
  assert.deepEqual(connect, {
    kind: 'connect',
    connection: connect.connection,
    site: 'site',
    hop: smtpHop('mx.site', '192.0.2.1', 25, 10),
    source: '',
    domain: 'example.com',
    key: 'mx:example.com',
    transaction: { message, recipients: [0], isLast: false },
  });
  assert.equal(table.scheduler.queueIdOf(message), 'AbCdEf0123456-_');
  assert.equal(table.scheduler.find('AbCdEf0123456-_'), message);
  table.ready(connect.connection).done(connect);
  assert.deepEqual(table.take(), [
    { kind: 'delivered', message, recipient: 0 },
    { kind: 'done', message },
  ]);
  assert.equal(
    table.scheduler.queueIdOf(message),
    'AbCdEf0123456-_',
    'the queue id is known while effects are pending',
  );
  assert.equal(table.scheduler.find('AbCdEf0123456-_'), undefined);
  assert.deepEqual(table.scheduler.counts(), { messages: 0, recipients: 0, connections: 1 });
  table.pass(5_000);
  assert.deepEqual(table.take(), [{ kind: 'close', connection: connect.connection }]);
  table.closed(connect.connection);
  assert.deepEqual(table.scheduler.counts(), { messages: 0, recipients: 0, connections: 0 });
});

test('no recipient of a message is scheduled before commit', () => {
  const { scheduler } = new Table();
  const message = scheduler.begin({ queueId: 'Q1', receivedAtMs: start, nullSender: false, held: false });
  scheduler.add(message, {
    recipient: 0,
    route: 'mx:example.com',
    domain: 'example.com',
    attempts: 0,
    nextAttemptAtMs: 0,
    lastRefusal: '',
  });
  scheduler.tick(start + 10_000);
  assert.deepEqual(scheduler.effects, []);
  assert.equal(scheduler.find('Q1'), undefined);
  assert.equal(scheduler.counts().recipients, 0);
  scheduler.rollback(message);
  assert.deepEqual(scheduler.counts(), { messages: 0, recipients: 0, connections: 0 });
  assert.equal(scheduler.nextWakeMs(), Infinity);
});

test('recipients of one message for one site share a transaction, also across domains', () => {
  const table = new Table().know({
    'a.example': relay('shared', ['192.0.2.1']),
    'b.example': relay('shared', ['192.0.2.1']),
    'c.example': relay('other', ['192.0.2.9']),
  });
  table.submit(['a.example', 'b.example', 'c.example', 'a.example']);
  assert.deepEqual(
    table.connects().map(({ site, transaction }) => [site, transaction.recipients]),
    [
      ['shared', [0, 1, 3]],
      ['other', [2]],
    ],
  );
});

test('a permanent error of the route fails its recipients, a temporary one defers them', () => {
  const table = new Table().know({ 'null.example': noRoute(true), 'lame.example': noRoute(false) });
  const message = table.submit(['null.example', 'lame.example']);
  assert.deepEqual(table.take(), [
    {
      kind: 'failed',
      message,
      recipient: 0,
      refusal: planRefusal(noRoute(true)),
      expired: false,
      tenant: '',
    },
    {
      kind: 'deferred',
      message,
      recipient: 1,
      attempts: 1,
      nextAttemptAtMs: start + 300_000,
      refusal: encodeRefusal(planRefusal(noRoute(false))),
    },
  ]);
});

test('results are settled one by one; deferred recipients stay in one task', () => {
  const table = new Table().know({ 'example.com': relay('site', ['192.0.2.1']) });
  const message = table.submit(['example.com', 'example.com', 'example.com', 'example.com']);
  const connect = table.connect();
  table
    .ready(connect.connection)
    .done(connect, [refused(3, '450 greylisted'), refused(1, '550 unknown'), delivered(0)]);
  const effects = table.take();
  assert.deepEqual(kinds(effects), ['delivered', 'failed', 'deferred', 'deferred']);
  assert.deepEqual(effects[3], {
    kind: 'deferred',
    message,
    recipient: 3,
    attempts: 1,
    nextAttemptAtMs: start + 300_000,
    refusal: saidForm('450 greylisted'),
  });
  assert.equal(toldBy(effects[2]), '451 4.3.0 no result');
  table.pass(300_000);
  const again = table.take().find((effect) => effect.kind === 'connect');
  assert.deepEqual(again?.transaction, { message, recipients: [2, 3], isLast: false });
});
