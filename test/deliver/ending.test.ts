// How outgoing connections end: QUIT, drain, abandon, and new settings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busy, delivered, fixture, idle, turns } from './fixture.ts';

test('close waits for the transaction in hand, then quits', async (t) => {
  const all = await fixture(t);
  const { sender, reports } = all;
  const peer = await busy(all, 1);
  sender.close(1);
  sender.close(1);
  peer.say('250 taken');
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: delivered,
    reusable: false,
  });
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
});

test('work that arrives after the close is reported as unused', async (t) => {
  const all = await fixture(t);
  const { sender, reports, spool } = all;
  const peer = await idle(all, 1);
  sender.close(1);
  sender.transact(1, spool.add({ to: ['c@to.test'] }));
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'unused' } });
  peer.end();
  await peer.closed;
  assert.equal(reports.all.length, 3);
  assert.match(peer.received.toString(), /\.\r\nQUIT\r\n$/u);
});

test('after its 221 the server closes first, so that the port is free for the next connection', async (t) => {
  const all = await fixture(t);
  const { sender, reports } = all;
  const peer = await idle(all, 1);
  sender.close(1);
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  await turns();
  assert.equal(peer.socket.readableEnded, false);
  peer.end();
  await peer.closed;
});

test('a server that leaves the connection open after its 221 is not waited for', async (t) => {
  const all = await fixture(t);
  const { sender, reports, advance } = all;
  const peer = await idle(all, 1);
  sender.close(1);
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  advance(2_000);
  await peer.closed;
});

test('drain ends idle connections, lets transactions finish, and takes nothing new', async (t) => {
  const all = await fixture(t);
  const { sender, reports, server, spool, connect } = all;
  const resting = await idle(all, 1);
  const working = await busy(all, 2);
  connect(spool.add({ to: ['c@to.test'] }), 3);
  const greeted = await server.accept();
  let drained = false;
  sender.drain(() => (drained = true));
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 3, report: { kind: 'unused' } });
  await greeted.closed;
  connect(spool.add({ to: ['d@to.test'] }), 4);
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 4, report: { kind: 'unused' } });
  await resting.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  assert.equal(drained, false);
  working.say('250 taken');
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 2,
    results: delivered,
    reusable: false,
  });
  await working.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 2, report: { kind: 'closed' } });
  assert.equal(drained, true);
  assert.equal(sender.connections, 0);
});

test('drain without connections is over at once', async (t) => {
  const { sender } = await fixture(t);
  let drained = 0;
  sender.drain(() => drained++);
  assert.equal(drained, 1);
});

test('abandon ends everything at once: a transaction in hand is tried again, one that did not begin is no attempt', async (t) => {
  const all = await fixture(t);
  const { sender, reports, server, spool, connect } = all;
  const resting = await idle(all, 1);
  const working = await busy(all, 2);
  connect(spool.add({ to: ['c@to.test'] }), 3);
  const greeted = await server.accept();
  await turns();
  let drained = false;
  sender.drain(() => (drained = true));
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 3, report: { kind: 'unused' } });
  sender.abandon();
  assert.equal(drained, true);
  assert.equal(sender.connections, 0);
  assert.deepEqual(reports.all.slice(4), [
    { kind: 'closed', connection: 1, report: { kind: 'closed' } },
    {
      kind: 'done',
      connection: 2,
      results: [
        {
          recipient: 0,
          result: 'tempfail',
          error:
            'connection lost while waiting for the reply to the content (the message may have been delivered): Sluice is stopping',
          address: 'b@to.test',
          host: 'mx.test',
          remote: '127.0.0.1',
        },
      ],
      reusable: false,
    },
    { kind: 'closed', connection: 2, report: { kind: 'closed' } },
  ]);
  await Promise.all([resting.closed, working.closed, greeted.closed]);
  assert.equal(reports.all.length, 7);
});

test('new settings are for connections that are opened from then on', async (t) => {
  const all = await fixture(t);
  const { server, spool, connect, sender, context } = all;
  const first = await idle(all, 1);
  sender.reconfigure({ ...context, settings: { ...context.settings, heloName: 'new.test' } });
  connect(spool.add({ to: ['c@to.test'] }), 2);
  const second = await server.accept();
  second.say('220 mx.test');
  await second.dialogue(['EHLO new.test']);
  sender.transact(1, spool.add({ to: ['c@to.test'] }));
  await first.take('c@to.test');
});
