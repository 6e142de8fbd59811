// Plugins are told what became of attempts: when it is certain, in batches, and never so that anything waits for them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, VirtualTimers } from '../../../sim/virtual-timers.ts';
import type { AttemptFacts } from '../../../src/plugin/delivery-types.ts';
import { ground, startMs } from '../assembled.ts';
import { ModelPlugin, toldTo } from './model-plugin.ts';

const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', verification: 'name' };
const details = { sender: 'a@from.test', recipient: 'x@a.test', isCopy: false, durationMs: 12, tls };

function refused(code: number, enhanced: string, permanent: boolean) {
  const refusal = {
    by: { kind: 'remote', host: 'mx.a.test', address: '192.0.2.9', port: 25 },
    during: 'RCPT',
    code,
    enhanced,
    lines: ['one', 'two'],
    permanent,
  } as const;
  return { recipient: 0, result: 'refused', refusal, details } as const;
}

async function begin(t: Parameters<typeof ground>[0]) {
  const timers = new VirtualTimers();
  const plugin = new ModelPlugin('hook');
  const there = await ground(t, toldTo(timers, plugin));
  const sender = await there.sender(1);
  return { there, sender, timers, plugin };
}

function brief({ outcome, recipient, code, attempt }: AttemptFacts): string {
  return `${outcome} ${recipient} ${code} ${attempt}`;
}

test('a delivery is told with server, reply, TLS and time', async (t) => {
  const { there, sender, plugin } = await begin(t);
  const queueId = await there.submit('x@a.test');
  const { connection, hop } = sender.connect;
  const reply = { code: 250, enhanced: '2.0.0', lines: ['ok', 'queued'] };
  await sender.done(connection, [{ recipient: 0, result: 'delivered', details: { ...details, reply } }]);
  await settled();
  assert.deepEqual(plugin.told, [
    {
      atMs: startMs,
      queueId,
      sender: 'a@from.test',
      recipient: 'x@a.test',
      tenant: '',
      isCopy: false,
      route: '',
      server: { host: hop.host, address: hop.ip, port: 25 },
      tls,
      by: 'server',
      code: 250,
      enhanced: '2.0.0',
      text: 'ok queued',
      attempt: 1,
      durationMs: 12,
      nextAttemptAtMs: undefined,
      expired: false,
      reportedTo: undefined,
      outcome: 'delivered',
    },
  ]);
});

test('a deferral has the time of the next attempt, and a failure is told again when its report is stored', async (t) => {
  const { there, sender, timers, plugin } = await begin(t);
  await there.submit('x@a.test');
  await sender.done(sender.connect.connection, [refused(451, '4.7.1', false)], false);
  await sender.closed(sender.connect.connection);
  const [deferred] = plugin.told;
  assert.ok(deferred !== undefined);
  assert.equal(brief(deferred), 'deferred x@a.test 451 1');
  assert.deepEqual(
    [deferred.by, deferred.enhanced, deferred.text, deferred.server, deferred.nextAttemptAtMs],
    ['server', '4.7.1', 'one two', { host: 'mx.a.test', address: '192.0.2.9', port: 25 }, startMs + 60_000],
  );
  await timers.pass(61_000);
  const [, second] = sender.all('connect');
  await sender.done(second?.connection ?? 0, [refused(550, '5.1.1', true)], false);
  await sender.closed(second?.connection ?? 0);
  await timers.pass(12_000);
  assert.deepEqual(plugin.told.slice(1).map(brief), [
    'failed x@a.test 550 2',
    'bounced x@a.test 550 undefined',
  ]);
  assert.equal(plugin.told[2]?.reportedTo, 'a@from.test');
  assert.equal(plugin.told[2]?.sender, 'a@from.test');
});

test('a connection that failed, and a lifetime that is over, are told with what the envelope says', async (t) => {
  const { there, sender, timers, plugin } = await begin(t);
  await there.submit('x@a.test');
  const { connection } = sender.connect;
  const refusal = {
    by: { kind: 'connection', host: 'mx.a.test', address: '192.0.2.9', port: 25 },
    during: 'connect',
    code: 0,
    enhanced: '4.4.1',
    lines: ['connection refused'],
    permanent: false,
  } as const;
  await sender.closed(connection, { kind: 'failed', refusal });
  await settled();
  assert.deepEqual(plugin.told.map(brief), ['deferred x@a.test 0 1']);
  assert.equal(plugin.told[0]?.by, 'connection');
  there.plans.set('b.test', {
    kind: 'error',
    permanent: false,
    replyCode: 451,
    enhancedStatus: '4.4.3',
    text: 'no route',
    validUntilMs: Infinity,
  });
  plugin.told.splice(0);
  await there.submit('y@b.test');
  await timers.pass(30 * 60_000);
  const [first] = plugin.told;
  assert.equal(first && brief(first), 'deferred y@b.test 451 1');
  assert.equal(first?.server, undefined);
  assert.deepEqual(
    plugin.told.slice(-2).map(({ outcome, expired, by }) => [outcome, expired, by]),
    [
      ['failed', true, 'sluice'],
      ['bounced', true, 'sluice'],
    ],
  );
});

test('deliveries do not wait for a plugin that never comes to an end', async (t) => {
  const { there, sender, plugin } = await begin(t);
  plugin.hear = () => new Promise(() => undefined);
  for (const to of ['x@a.test', 'x@b.test', 'x@c.test']) {
    await there.submit(to);
    const { connection } = sender.all('connect').at(-1) ?? assert.fail();
    await sender.done(connection, [{ recipient: 0, result: 'delivered', details }]);
  }
  assert.deepEqual(there.store.told.filter((line) => line.startsWith('settle delivered')).length, 3);
});

test('what a plugin that does not run has not heard is told when it runs, in order, and once', async (t) => {
  const { there, sender, timers, plugin } = await begin(t);
  plugin.isRunning = false;
  await there.submit('x@a.test');
  await sender.done(sender.connect.connection, [{ recipient: 0, result: 'delivered', details }]);
  await timers.pass(5_000);
  assert.deepEqual(plugin.told, []);
  assert.deepEqual(there.troubles.list, []);
  plugin.isRunning = true;
  await timers.pass(1_100);
  assert.deepEqual(plugin.told.map(brief), ['delivered x@a.test 0 1']);
  await timers.pass(5_000);
  assert.equal(plugin.told.length, 1);
});

test('what a plugin failed at is not told again: it is a trouble and a line of the log, until a minute has passed', async (t) => {
  const { there, sender, timers, plugin } = await begin(t);
  plugin.hear = (batch) =>
    Promise.resolve(batch.map(() => ({ fault: 'it threw an error: x', wasAsked: true })));
  await there.submit('x@a.test');
  await sender.done(sender.connect.connection, [{ recipient: 0, result: 'delivered', details }]);
  const [trouble] = there.troubles.list;
  assert.equal(trouble?.level, 'warning');
  assert.match(
    trouble?.text ?? '',
    /"hook" fails at attempt: it threw an error: x\. Meanwhile it is not told/,
  );
  assert.equal(there.log.lines.filter((line) => line.includes('attempts were not told: 1')).length, 1);
  await timers.pass(61_000);
  assert.deepEqual(there.troubles.list, []);
  assert.deepEqual(plugin.told, []);
});
