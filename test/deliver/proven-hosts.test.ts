// Whole messages to a host that has proven itself: how many leave before the first 354, and what happens when no message comes that would
// mark their places.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { delivered, fixture, turns, type Fixture } from './fixture.ts';
import type { Peer } from './mail-server.ts';

const work = ({ spool }: Fixture, i: number) =>
  spool.add({ to: [`r${i}@to.test`], content: 'x\r\n', envelope: { reversePath: `m${i}@from.test` } });
const commands = (i: number): string => `MAIL FROM:<m${i}@from.test>\r\nRCPT TO:<r${i}@to.test>\r\n`;
const whole = (i: number): string => `${commands(i)}BDAT 3 LAST\r\nx\r\n`;

/** A connection to a far host that needs one message by DATA, and that has been sent the first message. */
async function connected(t: TestContext): Promise<{ readonly all: Fixture; readonly peer: Peer }> {
  const all = await fixture(t);
  all.context.proofs.needed = () => 1;
  all.connect(work(all, 0));
  const peer = await all.server.accept();
  peer.say('220 mx.test ESMTP');
  assert.equal(await peer.line(), 'EHLO sluice.test');
  all.advance(30);
  peer.say('250-mx.test', '250-PIPELINING', '250 CHUNKING');
  await all.reports.next();
  await sent(peer, whole(0));
  return { all, peer };
}

/** Takes what the client has sent, which is this. */
async function sent(peer: Peer, text: string): Promise<void> {
  for (const expected of text.split('\r\n').slice(0, -1)) assert.equal(await peer.line(), expected);
  await turns();
  assert.ok(peer.received.toString('latin1').endsWith(text), `nothing is sent behind ${text}`);
}

const own = { kind: 'done', connection: 1, results: delivered, reusable: true } as const;
const taken = ['250 ok', '250 ok', '250 taken'];

test('what is granted together leaves together, as whole messages with the last one by DATA', async (t) => {
  const { all, peer } = await connected(t);
  for (let i = 1; i <= 4; i++) all.sender.transact(1, work(all, i));
  await sent(peer, `${[1, 2, 3].map((i) => `RSET\r\n${whole(i)}`).join('')}RSET\r\n${commands(4)}DATA\r\n`);
  all.advance(30);
  peer.say(...taken);
  for (let i = 1; i <= 3; i++) peer.say('250 reset', ...taken);
  await turns();
  assert.equal(all.reports.all.length, 1, 'none is told before the 354');
  peer.say('250 reset', '250 ok', '250 ok', '354 go');
  for (let i = 0; i < 4; i++) assert.deepEqual(await all.reports.next(), own);
  assert.equal(await peer.content(), 'x\r\n.\r\n');
  for (const i of [5, 6]) all.sender.transact(1, work(all, i));
  await sent(peer, `RSET\r\n${whole(5)}RSET\r\n${whole(6)}`);
});

test('no more are whole than may be on the way, whatever is granted', async (t) => {
  const { all, peer } = await connected(t);
  for (let i = 1; i <= 8; i++) all.sender.transact(1, work(all, i));
  await sent(peer, `${[1, 2, 3].map((i) => `RSET\r\n${whole(i)}`).join('')}RSET\r\n${commands(4)}DATA\r\n`);
});

test('one that comes alone goes by DATA behind the first', async (t) => {
  const { all, peer } = await connected(t);
  all.sender.transact(1, work(all, 1));
  await sent(peer, `RSET\r\n${commands(1)}DATA\r\n`);
});

test('the message behind cannot be read: QUIT ends the session, and its answer confirms those before', async (t) => {
  const { all, peer } = await connected(t);
  const { spool } = all;
  all.sender.transact(1, work(all, 1));
  const unreadable = work(all, 2);
  const { read } = spool;
  spool.read = (...parts) =>
    parts[0] === unreadable.ref
      ? Promise.reject(new SpoolError('SPOOL_MISSING', 'no such message'))
      : read.apply(spool, parts);
  all.sender.transact(1, { ...unreadable, fresh: false });
  await sent(peer, `RSET\r\n${whole(1)}`);
  peer.say(...taken, '250 reset', ...taken);
  assert.deepEqual(await all.reports.next(), own);
  assert.equal(await peer.line(), 'QUIT');
  peer.say('221 bye');
  peer.end();
  assert.deepEqual(await all.reports.next(), { ...own, reusable: false });
  const last = await all.reports.next();
  assert.ok(last.kind === 'done' && last.results[0]?.result === 'tempfail', JSON.stringify(last));
  assert.deepEqual(await all.reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
});
