// Connections that are refused or lost at any point: who is to blame, and what is tried again.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Peer } from './mail-server.ts';
import { fixture, idle, turns } from './fixture.ts';

test('a refused connection blames the address and no recipient', async (t) => {
  const { spool, reports, connect, sender } = await fixture(t);
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  other.close();
  await once(other, 'close');
  connect(spool.add({ to: ['b@to.test'] }), 1, port);
  assert.deepEqual(await reports.next(), {
    kind: 'closed',
    connection: 1,
    report: { kind: 'failed', error: `mx.test[127.0.0.1]:${port}: connection refused` },
  });
  assert.equal(sender.connections, 0);
  assert.equal(spool.reads, 0);
});

const refusals: readonly [name: string, play: (peer: Peer) => void, error: RegExp][] = [
  [
    'a greeting 554',
    (peer) => peer.say('554 5.7.1 not you'),
    /^554 5\.7\.1 not you \(greeting of mx\.test\[127\.0\.0\.1\]:\d+\)$/,
  ],
  [
    'a greeting 421',
    (peer) => peer.say('421 4.7.0 too many'),
    /^421 4\.7\.0 too many \(greeting of mx\.test/,
  ],
  [
    'a greeting that is none',
    (peer) => peer.say('hello?'),
    /^mx\.test\[127\.0\.0\.1\]:\d+: protocol error: /,
  ],
  [
    'a close instead of a greeting',
    (peer) => peer.end(),
    /: connection lost while waiting for the greeting: the remote server closed the connection$/,
  ],
  // It may come before or after the connecting end has heard that the connection is open.
  ['a reset instead of a greeting', (peer) => peer.reset(), /: .*the remote server reset the connection$/],
  [
    'a refused EHLO',
    (peer) => peer.say('220 mx.test', '450 4.3.2 busy'),
    /^450 4\.3\.2 busy \(reply to EHLO of mx\.test/,
  ],
];

for (const [name, play, error] of refusals) {
  test(`${name} blames the address and no recipient`, async (t) => {
    const { server, spool, reports, connect, sender } = await fixture(t);
    connect(spool.add({ to: ['b@to.test'] }));
    const peer = await server.accept();
    play(peer);
    const report = await reports.next();
    assert.ok(report.kind === 'closed' && report.report.kind === 'failed', JSON.stringify(report));
    assert.match(report.report.error, error);
    await peer.closed;
    if (/^5|^45/u.test(report.report.error)) assert.match(peer.received.toString(), /QUIT\r\n$/u); // RFC 5321 3.1
    assert.equal(sender.connections, 0);
    assert.equal(spool.reads, 0);
  });
}

for (const how of ['end', 'reset'] as const) {
  for (const fresh of [true, false]) {
    test(`a kept connection that the peer ends (${how}) as the next transaction begins takes nothing up (${fresh ? 'fresh' : 'old'})`, async (t) => {
      const { server, spool, reports, connect, sender, log } = await fixture(t);
      connect(spool.add({ to: ['b@to.test'] }));
      const peer = await server.accept();
      await peer.hello();
      await peer.take('b@to.test');
      await reports.next();
      assert.equal((await reports.next()).kind, 'done');
      const gate = Promise.withResolvers<void>();
      spool.gate = () => gate.promise;
      peer[how]();
      // In the same turn: the sender cannot have seen the end.
      sender.transact(1, spool.add({ to: ['c@to.test'], fresh }));
      assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'unused' } });
      gate.resolve();
      await turns();
      assert.equal(reports.all.length, 3);
      assert.equal(log.length, 1);
    });
  }
}

test('a kept connection that the peer ends after its reply to MAIL is a failed attempt', async (t) => {
  const all = await fixture(t);
  const { spool, reports, sender } = all;
  const peer = await idle(all);
  sender.transact(1, spool.add({ to: ['c@to.test'] }));
  await peer.dialogue(['MAIL FROM:<a@from.test>', '250 ok'], ['RCPT TO:<c@to.test>']);
  peer.end();
  const error =
    'connection lost while waiting for the reply to RCPT: the remote server closed the connection';
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      { recipient: 0, result: 'tempfail', error, address: 'c@to.test', host: 'mx.test', remote: '127.0.0.1' },
    ],
    reusable: false,
  });
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
});

test('an idle connection that the peer ends is closed; work for it is no longer begun', async (t) => {
  const all = await fixture(t);
  const { spool, reports, sender } = all;
  const peer = await idle(all);
  peer.say('421 4.4.2 you are slow');
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  const { reads } = spool;
  sender.transact(1, spool.add({ to: ['c@to.test'] }));
  sender.close(1);
  sender.transact(7, spool.add({ to: ['c@to.test'] }));
  await turns();
  assert.equal(spool.reads, reads);
  assert.equal(reports.all.length, 3);
});

test('a connection that is lost after the final dot: everyone who had no answer is tried again', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test', 'no@to.test', 'c@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(
    ['MAIL FROM:<a@from.test>', '250 ok'],
    ['RCPT TO:<b@to.test>', '250 ok'],
    ['RCPT TO:<no@to.test>', '550 no'],
    ['RCPT TO:<c@to.test>', '250 ok'],
    ['DATA', '354 go'],
  );
  await peer.content();
  peer.reset();
  await reports.next();
  const error =
    'connection lost while waiting for the reply to the content (the message may have been delivered): the remote server reset the connection';
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      { recipient: 0, result: 'tempfail', error, address: 'b@to.test', host: 'mx.test', remote: '127.0.0.1' },
      {
        recipient: 1,
        result: 'permfail',
        error: '550 no (in reply to RCPT)',
        address: 'no@to.test',
        host: 'mx.test',
        remote: '127.0.0.1',
      },
      { recipient: 2, result: 'tempfail', error, address: 'c@to.test', host: 'mx.test', remote: '127.0.0.1' },
    ],
    reusable: false,
  });
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  assert.equal(reports.all.length, 3);
});

test('421 in the middle of a transaction ends it and the connection', async (t) => {
  const { server, spool, reports, connect, sender } = await fixture(t);
  connect(spool.add({ to: ['b@to.test', 'c@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(
    ['MAIL FROM:<a@from.test>', '250 ok'],
    ['RCPT TO:<b@to.test>', '421 4.3.2 shutting down'],
  );
  await reports.next();
  const error = '421 4.3.2 shutting down (in reply to RCPT)';
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      { recipient: 0, result: 'tempfail', error, address: 'b@to.test', host: 'mx.test', remote: '127.0.0.1' },
      { recipient: 1, result: 'tempfail', error, address: 'c@to.test', host: 'mx.test', remote: '127.0.0.1' },
    ],
    reusable: false,
  });
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  await peer.closed;
  assert.equal(sender.connections, 0);
});

test('a session that ended with the same bytes that asked for the content sends none of it', async (t) => {
  const { server, spool, reports, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(
    ['MAIL FROM:<a@from.test>', '250 ok'],
    ['RCPT TO:<b@to.test>', '250 ok'],
    ['DATA', '354 go', '421 4.3.2 or rather not'],
  );
  await reports.next();
  const done = await reports.next();
  assert.ok(done.kind === 'done');
  assert.deepEqual(done.results, [
    {
      recipient: 0,
      result: 'tempfail',
      error: '421 4.3.2 or rather not (in reply to content)',
      address: 'b@to.test',
      host: 'mx.test',
      remote: '127.0.0.1',
    },
  ]);
  await peer.closed;
  assert.match(peer.received.toString(), /DATA\r\n$/u);
});
