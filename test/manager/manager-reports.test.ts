// Failures on their way to their senders, through the manager's ports on virtual time: a report is on stable storage before
// its failure is settled, the message stays where it is until then, and the report is mail like any other.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { settled } from '../../sim/virtual-timers.ts';
import { localFault, type Refusal } from '../../src/message/refusal.ts';
import { encodeRefusal } from '../../src/message/refusal-form.ts';
import { broken, said } from '../refusals.ts';
import { deferred, delivered, failed, ground, startMs } from './assembled.ts';
import { MemoryStore } from './memory-store.ts';

const notify = { never: false, success: true, failure: true, delay: false };

test('a report is stored before its failure is settled, and the message is pinned until then', async (t) => {
  const { sender, submit, store, counted } = await ground(t);
  const one = await sender(1);
  const id = await submit('u@to.test');
  const { connection } = one.connect;
  await one.done(connection, [failed(0)]);
  assert.deepEqual(store.history, [
    `pin ${id}`,
    `unpin ${id}`,
    `pin ${id}`,
    'report R0',
    'pin R0',
    `settle failed ${id} 0`,
    `unpin ${id}`,
  ]);
  assert.equal(counted.counts['bounced'], 1);
  const [, report] = one.all('connect');
  assert.deepEqual([report?.hop.host, report?.work.queueId], ['mx.from.test', 'R0']);
  assert.equal(store.reports[0]?.envelope.reversePath, '');
});

test('a report that cannot be stored is tried every second; its failure is not settled meanwhile', async (t) => {
  const { sender, submit, store, timers, troubles } = await ground(t);
  const one = await sender(1);
  const id = await submit('u@to.test');
  store.failures = 3;
  await one.done(one.connect.connection, [failed(0)]);
  await timers.pass(2_999);
  assert.deepEqual(store.told, []);
  assert.deepEqual([...store.pins], [[id, 1]]);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['report'],
  );
  await timers.pass(1);
  assert.deepEqual(store.told, ['report R0', `settle failed ${id} 0`]);
  assert.deepEqual(troubles.list, []);
});

test('a stop leaves a failure without a stored report unsettled, so that it is repeated after the next start', async (t) => {
  const { manager, sender, submit, store } = await ground(t);
  const one = await sender(1);
  await submit('u@to.test');
  store.failures = Infinity;
  await one.done(one.connect.connection, [failed(0)]);
  manager.drain();
  const stopped = manager.stop(1_000);
  await one.unlink();
  assert.equal(await stopped, 0);
  assert.deepEqual(store.told, []);
  assert.deepEqual([...store.pins], []);
});

test('failures of a message are in one report when the rest of it is answered', async (t) => {
  const { sender, submit, store } = await ground(t);
  const one = await sender(1);
  const id = await submit('u@a.test', 'u@b.test');
  const [a, b] = one.all('connect');
  await one.done(a!.connection, [failed(0)]);
  assert.deepEqual(store.told, []);
  await one.done(b!.connection, [failed(1)]);
  assert.deepEqual(store.told, ['report R0', `settle failed ${id} 0`, `settle failed ${id} 1`]);
});

test('while the rest of a message waits for a later attempt, its failures are reported at once', async (t) => {
  const { sender, submit, store } = await ground(t);
  const one = await sender(1);
  const id = await submit('u@a.test', 'u@b.test', 'u@c.test');
  const [a, b, c] = one.all('connect');
  await one.done(a!.connection, [failed(0)]);
  await one.done(b!.connection, [deferred(1)]);
  assert.deepEqual(store.told, [`settle deferred ${id} 1`]);
  await one.done(c!.connection, [delivered(2)]);
  assert.deepEqual(store.told.slice(1), [`settle delivered ${id} 2`, 'report R0', `settle failed ${id} 0`]);
});

test('while the rest of a message is under way, its failures are reported a second after the last one', async (t) => {
  const { sender, submit, store, timers } = await ground(t);
  const one = await sender(1);
  const id = await submit('u@a.test', 'u@b.test');
  await one.done(one.all('connect')[0]!.connection, [failed(0)]);
  await timers.pass(900);
  assert.deepEqual(store.told, []);
  await timers.pass(600);
  assert.deepEqual(store.told, ['report R0', `settle failed ${id} 0`]);
});

test('mail that expires is reported, too, in the words of its last attempt', async (t) => {
  const { sender, submit, store, timers } = await ground(t);
  const one = await sender(1);
  const id = await submit('u@to.test');
  await one.done(one.connect.connection, [deferred(0)], false);
  await one.closed(one.connect.connection);
  await one.unlink();
  await timers.pass(15 * 60_000);
  assert.deepEqual(store.told.slice(1), ['report R0', `settle failed ${id} 0`]);
  const text = Buffer.concat(store.reports[0]?.content ?? []).toString();
  assert.match(text, /Status: 4\.4\.7/u);
  assert.match(text, /451 4\.3\.2 not now/u);
});

test('requested success that the peer will not report is reported as relayed, and booked at once', async (t) => {
  const { sender, submit, store } = await ground(t);
  const one = await sender(1);
  const id = await submit({ address: 'u@to.test', notify });
  const result = { ...delivered(0), relayedTo: 'mx.to.test' };
  await one.done(one.connect.connection, [result]);
  assert.deepEqual(store.told, [`settle delivered ${id} 0`, 'report R0']);
  assert.deepEqual([...store.pins.keys()], ['R0']);
  const text = Buffer.concat(store.reports[0]?.content ?? []).toString();
  assert.match(text, /^Action: relayed\r\nStatus: 2\.0\.0\r\nRemote-MTA: dns; mx\.to\.test\r$/mu);
});

test('requested success of a mailbox server is reported as delivered', async (t) => {
  const { sender, submit, store } = await ground(t);
  const one = await sender(1);
  await submit({ address: 'u@to.test', notify });
  await one.done(one.connect.connection, [
    { ...delivered(0), relayedTo: 'unix:/run/dovecot/lmtp', isFinal: true },
  ]);
  const text = Buffer.concat(store.reports[0]?.content ?? []).toString();
  assert.match(text, /^Action: delivered\r\nStatus: 2\.0\.0\r$/mu);
  assert.match(text, /^Subject: Your message was delivered\r$/mu);
});

test('requested success of mail that was sent on to several addresses is reported as expanded', async (t) => {
  const { sender, submit, store } = await ground(t);
  const one = await sender(1);
  await submit({ address: 'u@to.test', notify });
  await one.done(one.connect.connection, [
    { ...delivered(0), relayedTo: 'redirect', isFinal: true, isExpanded: true },
  ]);
  const text = Buffer.concat(store.reports[0]?.content ?? []).toString();
  assert.match(text, /^Action: expanded\r\nStatus: 2\.0\.0\r\nLast-Attempt-Date/mu);
  assert.match(text, /^Subject: Your message was passed on to several addresses\r$/mu);
});

test('a reload changes the sender of reports', async (t) => {
  const { sender, submit, store, reload } = await ground(t);
  const one = await sender(1);
  await reload('spool = "/spool"\nhostname = "new.test"\n');
  await submit('u@to.test');
  await one.done(one.connect.connection, [failed(0)]);
  await settled();
  const text = Buffer.concat(store.reports[0]?.content ?? []).toString();
  assert.match(text, /^Reporting-MTA: dns; ?new\.test/mu);
});

/** A recipient that was refused before the last restart, and whose lifetime is over now; resolves to its report. */
async function expiredAfterRestart(t: TestContext, refusal: Refusal) {
  const store = new MemoryStore();
  const { queueId, ref } = store.add(['u@to.test']);
  store.recovered = [
    {
      queueId,
      ref,
      receivedAtMs: startMs - 60 * 60_000,
      sizeBytes: 10,
      reversePath: 'a@from.test',
      body: '7BIT',
      smtpUtf8: false,
      held: false,
      waiting: [
        {
          index: 0,
          address: 'u@to.test',
          attempts: 9,
          nextAttemptAtMs: startMs + 60_000,
          lastRefusal: encodeRefusal(refusal),
        },
      ],
    },
  ];
  const { log, timers } = await ground(t, { store });
  await timers.pass(60_000);
  const report = Buffer.concat(store.reports[0]?.content ?? []).toString();
  return { report, bounced: log.events.find(({ event }) => event === 'bounced') };
}

test('a report about a refusal from before a restart names the server and its reply', async (t) => {
  const there = { host: 'mx.to.test', endpoint: { kind: 'tcp', ip: '192.0.2.7', port: 25 } } as const;
  const { report, bounced } = await expiredAfterRestart(t, said('450 4.7.1 Greylisted', 'RCPT', there));
  assert.match(
    report,
    /The server mx\.to\.test refused the recipient address and said:\r\n {6}450 4\.7\.1 Greylisted/u,
  );
  assert.match(
    report,
    /Status: 4\.4\.7\r\nRemote-MTA: dns; mx\.to\.test\r\nDiagnostic-Code: smtp; 450 4\.7\.1 Greylisted\r\n/u,
  );
  assert.equal(bounced?.['host'], 'mx.to.test');
});

test('a report about a connection that failed, or a refusal of our own, has no words of a server', async (t) => {
  const lost = await expiredAfterRestart(t, broken('connection refused'));
  assert.match(
    lost.report,
    /Diagnostic-Code: x-sluice; mx\.test\[192\.0\.2\.1\]:25: connection refused\r\n/u,
  );
  assert.doesNotMatch(lost.report, /Remote-MTA|Diagnostic-Code: smtp/u);
  assert.equal(lost.bounced?.['host'], 'mx.test');
  const own = await expiredAfterRestart(t, localFault('storage', 'the disk did not answer'));
  assert.match(own.report, /Diagnostic-Code: x-sluice; 451 4\.3\.0 the disk did not answer\r\n/u);
  assert.doesNotMatch(own.report, /Remote-MTA|Diagnostic-Code: smtp/u);
  assert.equal(own.bounced?.['host'], undefined);
});
