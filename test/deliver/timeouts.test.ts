// The timeouts of RFC 5321 4.5.3.2 on outgoing connections, on virtual time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Peer } from './mail-server.ts';
import { type Fixture, fixture, idle, type Report, timeouts, turns } from './fixture.ts';

/** One report: the connection failed for this reason, wherever it led. */
function assertFailed(reports: readonly Report[], reason: string): void {
  assert.equal(reports.length, 1);
  const [report] = reports;
  assert.ok(report?.kind === 'closed' && report.report.kind === 'failed', JSON.stringify(report));
  assert.match(report.report.error, new RegExp(`(?:^|: )${reason}$`, 'u'));
}

test('a connection that does not open in time has failed', async (t) => {
  const { spool, reports, connect, advance, sender } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'] }));
  // No turn of the loop: for the sender the connection is still opening.
  advance(timeouts.connectMs - 1_000);
  assert.equal(reports.all.length, 0);
  advance(2_000);
  assertFailed(reports.all, 'no connection within 30 s');
  assert.equal(sender.connections, 0);
  await turns();
  assert.equal(reports.all.length, 1);
});

/** Brings the session into the phase and leaves it there. */
type Play = (peer: Peer, fixture: Fixture) => Promise<unknown>;

const mail = ['MAIL FROM:<a@from.test>', '250 ok'] as const;
const rcpt = ['RCPT TO:<b@to.test>', '250 ok'] as const;

const beforeReady: readonly [phase: 'greeting' | 'helo', play: Play, doing: string][] = [
  ['greeting', async () => undefined, 'waiting for the greeting'],
  [
    'helo',
    async (peer) => {
      peer.say('220 mx.test');
      await peer.dialogue(['EHLO sluice.test']);
    },
    'waiting for the reply to EHLO',
  ],
];

for (const [phase, play, doing] of beforeReady) {
  test(`silence while ${doing}: the address is to blame`, async (t) => {
    const all = await fixture(t);
    const { server, spool, reports, connect, advance } = all;
    connect(spool.add({ to: ['b@to.test'] }));
    const peer = await server.accept();
    await turns(); // the connecting end hears of it too
    await play(peer, all);
    advance(timeouts[`${phase}Ms`] - 1_000);
    assert.equal(reports.all.length, 0);
    advance(2_000);
    assertFailed(reports.all, `timed out while ${doing}`);
    await peer.closed;
  });
}

const inTransaction: readonly [phase: 'mail' | 'rcpt' | 'data' | 'final', play: Play, doing: string][] = [
  ['mail', (peer) => peer.dialogue([mail[0]]), 'waiting for the reply to MAIL'],
  ['rcpt', (peer) => peer.dialogue(mail, [rcpt[0]]), 'waiting for the reply to RCPT'],
  ['data', (peer) => peer.dialogue(mail, rcpt, ['DATA']), 'waiting for the reply to DATA'],
  [
    'final',
    async (peer) => {
      await peer.dialogue(mail, rcpt, ['DATA', '354 go']);
      await peer.content();
    },
    'waiting for the reply to the content (the message may have been delivered)',
  ],
];

for (const [phase, play, doing] of inTransaction) {
  test(`silence while ${doing}: a failed attempt`, async (t) => {
    const all = await fixture(t);
    const { server, spool, reports, connect, advance } = all;
    connect(spool.add({ to: ['b@to.test'] }));
    const peer = await server.accept();
    await peer.hello();
    await play(peer, all);
    advance(timeouts[`${phase}Ms`] - 1_000);
    assert.equal(reports.all.length, 1); // ready
    advance(2_000);
    assert.deepEqual(reports.all.slice(1), [
      {
        kind: 'done',
        connection: 1,
        results: [
          {
            recipient: 0,
            result: 'tempfail',
            error: `timed out while ${doing}`,
            address: 'b@to.test',
            host: 'mx.test',
            remote: '127.0.0.1',
          },
        ],
        reusable: false,
      },
      { kind: 'closed', connection: 1, report: { kind: 'closed' } },
    ]);
    await peer.closed;
  });
}

test('each RCPT has the whole time', async (t) => {
  const { server, spool, reports, connect, advance } = await fixture(t);
  connect(spool.add({ to: ['b@to.test', 'c@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(mail, [rcpt[0]]);
  advance(timeouts.rcptMs - 1_000);
  peer.say('250 ok');
  await peer.dialogue(['RCPT TO:<c@to.test>']);
  advance(timeouts.rcptMs - 1_000);
  peer.say('250 ok');
  await peer.dialogue(['DATA']);
  assert.equal(reports.all.length, 1);
});

test('silence after RSET closes the connection; the results are out already', async (t) => {
  const { server, spool, reports, connect, advance } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'] }));
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(mail, ['RCPT TO:<b@to.test>', '550 no'], ['RSET']);
  advance(timeouts.rsetMs - 1_000);
  assert.equal(reports.all.length, 2);
  advance(2_000);
  assert.deepEqual(reports.all.slice(2), [{ kind: 'closed', connection: 1, report: { kind: 'closed' } }]);
  await peer.closed;
});

test('silence after QUIT closes the connection', async (t) => {
  const all = await fixture(t);
  const { reports, advance, sender } = all;
  const peer = await idle(all);
  sender.close(1);
  await peer.dialogue(['QUIT']);
  advance(timeouts.quitMs - 1_000);
  assert.equal(reports.all.length, 2);
  advance(2_000);
  assert.deepEqual(reports.all.slice(2), [{ kind: 'closed', connection: 1, report: { kind: 'closed' } }]);
  await peer.closed;
});

test('an idle connection has no timeout of its own: whoever grants closes it', async (t) => {
  const all = await fixture(t);
  const { spool, reports, advance, sender } = all;
  const peer = await idle(all);
  advance(10_000_000);
  assert.equal(reports.all.length, 2);
  sender.transact(1, spool.add({ to: ['c@to.test'] }));
  await peer.take('c@to.test');
  assert.equal((await reports.next()).kind, 'done');
});

for (const [phase, play, reply] of [
  ['mail', (peer: Peer) => peer.dialogue([mail[0]]), '250-a\r\n250-b\r\n250-'],
  ['rcpt', (peer: Peer) => peer.dialogue(mail, [rcpt[0]]), '250 ok, but s'],
  ['data', (peer: Peer) => peer.dialogue(mail, rcpt, ['DATA']), '354 go, but sl'],
] as const) {
  test(`a reply has one time, however its bytes come: ${phase}`, async (t) => {
    const all = await fixture(t);
    const { server, spool, reports, connect, advance } = all;
    connect(spool.add({ to: ['b@to.test'] }));
    const peer = await server.accept();
    await peer.hello();
    await play(peer);
    const step = timeouts[`${phase}Ms`] / 4;
    for (let i = 0; i < 3; i++) {
      peer.socket.write(reply.slice(i * 4, i * 4 + 4));
      await turns();
      advance(step);
    }
    assert.equal(reports.all.length, 1); // ready
    peer.socket.write(reply.slice(12));
    await turns();
    advance(step + 2_000);
    const [, done] = reports.all;
    assert.ok(done?.kind === 'done');
    assert.match(done.results[0]?.error ?? '', /timed out while waiting for the reply/);
    await peer.closed;
  });
}
