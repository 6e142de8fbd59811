// Several transactions on the way on one connection: what leaves together, in which order results come, and what is given back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { distrustMs } from '../../src/manager/pipelining-memory.ts';
import { delivered, fixture, turns, type Fixture, type Report } from './fixture.ts';
import type { Peer } from './mail-server.ts';

/** A connection to a server that offers these extensions, with so many messages granted after the first. */
async function connected(all: Fixture, more: number, ...offers: readonly string[]): Promise<Peer> {
  const { server, spool, sender, reports, connect } = all;
  connect(message(all, 0));
  const peer = await server.accept();
  if (offers.includes('CHUNKING')) await helloFromFar(all, peer, ...offers);
  else await peer.hello(...offers);
  assert.deepEqual(await reports.next(), { kind: 'ready', connection: 1 });
  for (let i = 1; i <= more; i++) sender.transact(1, message(all, i));
  assert.equal(spool.reads > 0, true);
  return peer;
}

/** Greeting and EHLO over a way that takes a while. */
async function helloFromFar({ advance }: Fixture, peer: Peer, ...offers: readonly string[]): Promise<void> {
  peer.say('220 mx.test ESMTP');
  assert.equal(await peer.line(), 'EHLO sluice.test');
  advance(30);
  const lines = ['mx.test', ...offers];
  peer.say(...lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}`));
}

function message({ spool }: Fixture, i: number, to = `r${i}@to.test`) {
  return spool.add({
    to: [to],
    content: `Subject: ${i}\r\n\r\n.dot\r\n`,
    envelope: { reversePath: `m${i}@from.test` },
  });
}

const group = (i: number): string[] => [`MAIL FROM:<m${i}@from.test>`, `RCPT TO:<r${i}@to.test>`, 'DATA'];

/** The next lines of the client, as they come. */
async function lines(peer: Peer, count: number): Promise<(string | undefined)[]> {
  const all: (string | undefined)[] = [];
  while (all.length < count) all.push(await peer.line());
  return all;
}

/** Resolves when the client has sent this. */
async function arrived(peer: Peer, text: string): Promise<void> {
  for (let turn = 0; !peer.received.includes(text); turn++) {
    assert.ok(turn < 10_000, `${JSON.stringify(text)} arrives, not ${JSON.stringify(String(peer.received))}`);
    await turns(1);
  }
}

async function doneOf({ reports }: Fixture): Promise<Extract<Report, { kind: 'done' }>> {
  const report = await reports.next();
  assert.ok(report.kind === 'done', JSON.stringify(report));
  return report;
}

test('with DATA, the commands of the next message leave with the content of the one before', async (t) => {
  const all = await fixture(t);
  const peer = await connected(all, 1, 'PIPELINING');
  assert.deepEqual(all.reports.depths, [2]);
  assert.deepEqual(await lines(peer, 3), group(0));
  await turns();
  assert.equal(peer.received.includes('m1@from.test'), false, 'nothing may follow DATA (RFC 2920 3.1)');
  const segments: string[] = [];
  peer.socket.on('data', (bytes: Buffer) => segments.push(bytes.toString('latin1')));
  peer.say('250 ok', '250 ok', '354 go');
  assert.equal(await peer.content(), 'Subject: 0\r\n\r\n..dot\r\n.\r\n');
  assert.deepEqual(await lines(peer, 4), ['RSET', ...group(1)]);
  assert.equal(segments.length, 1, 'one write');
  peer.say('250 first', '250 reset', '250 ok', '250 ok', '354 go');
  assert.deepEqual(await doneOf(all), { kind: 'done', connection: 1, results: delivered, reusable: true });
  assert.equal(await peer.content(), 'Subject: 1\r\n\r\n..dot\r\n.\r\n');
  peer.say('250 second');
  assert.deepEqual(await doneOf(all), { kind: 'done', connection: 1, results: delivered, reusable: true });
});

test('with CHUNKING, whole messages leave in one write, and each behind another begins with RSET', async (t) => {
  const all = await fixture(t);
  const peer = await connected(all, 3, 'PIPELINING', 'CHUNKING');
  const chunk = (i: number): string => `Subject: ${i}\r\n\r\n.dot\r\n`;
  const whole = (i: number): string =>
    `MAIL FROM:<m${i}@from.test>\r\nRCPT TO:<r${i}@to.test>\r\nBDAT 20 LAST\r\n${chunk(i)}`;
  const expected = `${whole(0)}RSET\r\n${whole(1)}RSET\r\n${whole(2)}RSET\r\n${whole(3)}`;
  const hello = 'EHLO sluice.test\r\n';
  await arrived(peer, chunk(3));
  assert.equal(peer.received.toString('latin1'), `${hello}${expected}`);
  peer.say('250 ok', '250 ok', '250 taken', '250 reset', '250 ok', '550 5.1.1 no', '503 nobody');
  peer.say('250 reset', '550 5.7.1 no', '503 no', '503 nobody', '250 reset', '250 ok', '250 ok', '250 taken');
  const results = [await doneOf(all), await doneOf(all), await doneOf(all), await doneOf(all)];
  assert.deepEqual(
    results.map((each) => [each.results[0]?.result, each.results[0]?.error, each.reusable]),
    [
      ['delivered', undefined, true],
      ['permfail', '550 5.1.1 no (in reply to RCPT)', true],
      ['permfail', '550 5.7.1 no (in reply to MAIL)', true],
      ['delivered', undefined, true],
    ],
  );
});

test('a message of more than 64 KiB goes by DATA where CHUNKING is offered', async (t) => {
  const all = await fixture(t);
  const { server, spool, connect, reports } = all;
  const content = `Subject: x\r\n\r\n${'.'.repeat(70)}\r\n`.repeat(1_000);
  connect(spool.add({ to: ['b@to.test'], content }));
  const peer = await server.accept();
  await peer.hello('PIPELINING', 'CHUNKING');
  await peer.dialogue(
    ['MAIL FROM:<a@from.test>', '250 ok'],
    ['RCPT TO:<b@to.test>', '250 ok'],
    ['DATA', '354 go'],
  );
  assert.equal((await peer.content())?.length, content.length + 1_000 + 3);
  peer.say('250 ok');
  await reports.next();
  assert.deepEqual((await doneOf(all)).results, delivered);
});

test('content that does not end with a line end gets one, by BDAT as by DATA', async (t) => {
  const all = await fixture(t);
  const { server, spool, connect } = all;
  connect(spool.add({ to: ['b@to.test'], content: 'Subject: x\r\n\r\nend' }));
  const peer = await server.accept();
  await peer.hello('PIPELINING', 'CHUNKING');
  assert.deepEqual(await lines(peer, 6), [
    'MAIL FROM:<a@from.test>',
    'RCPT TO:<b@to.test>',
    'BDAT 19 LAST',
    'Subject: x',
    '',
    'end',
  ]);
});

test('a connection that is lost: what the server had whole is tried again, the rest goes back', async (t) => {
  const all = await fixture(t);
  const peer = await connected(all, 1, 'PIPELINING');
  await lines(peer, 3);
  peer.say('250 ok', '250 ok', '354 go');
  await peer.content();
  await lines(peer, 4);
  peer.end();
  const { results } = await doneOf(all);
  assert.equal(results[0]?.result, 'tempfail');
  assert.match(results[0]?.error ?? '', /the message may have been delivered/u);
  assert.deepEqual(await all.reports.next(), {
    kind: 'closed',
    connection: 1,
    report: { kind: 'unused' },
  });
});

test('messages by BDAT that the server had whole are all tried again, and the server is not sent any for a day', async (t) => {
  const all = await fixture(t);
  const peer = await connected(all, 2, 'PIPELINING', 'CHUNKING');
  await arrived(peer, 'Subject: 2\r\n\r\n.dot\r\n');
  peer.say('250 ok');
  peer.end();
  for (const _ of [0, 1, 2]) {
    const { results } = await doneOf(all);
    assert.match(results[0]?.error ?? '', /may have been delivered/u);
  }
  assert.equal((await all.reports.next()).kind, 'closed');
  assert.equal(all.log.filter(({ msg }) => String(msg).includes('one message at a time with it')).length, 1);

  const depthOfNext = async (connection: number): Promise<number | undefined> => {
    all.connect(message(all, connection), connection);
    const other = await all.server.accept();
    await helloFromFar(all, other, 'PIPELINING', 'CHUNKING');
    await all.reports.next();
    other.end();
    for (let last = await all.reports.next(); last.kind !== 'closed';) last = await all.reports.next();
    return all.reports.depths.at(-1);
  };
  assert.equal(await depthOfNext(2), 1);
  all.advance(distrustMs);
  assert.equal(await depthOfNext(3), 4);
});

test('421 is the answer to one message: the others go back, even whole ones', async (t) => {
  const all = await fixture(t);
  const peer = await connected(all, 2, 'PIPELINING', 'CHUNKING');
  await arrived(peer, 'Subject: 2\r\n\r\n.dot\r\n');
  peer.say('250 ok', '250 ok', '421 4.3.2 closing');
  peer.end();
  const { results, reusable } = await doneOf(all);
  assert.deepEqual([results[0]?.error, reusable], ['421 4.3.2 closing (in reply to content)', false]);
  assert.deepEqual(await all.reports.next(), { kind: 'closed', connection: 1, report: { kind: 'unused' } });
});

test('a server that loses count at a message behind another gets it back without an attempt', async (t) => {
  const all = await fixture(t);
  const peer = await connected(all, 1, 'PIPELINING');
  await lines(peer, 3);
  peer.say('250 ok', '250 ok', '354 go');
  await peer.content();
  await lines(peer, 4);
  peer.say('250 taken', '250 reset', '503 5.5.1 nested MAIL', '503 5.5.1 what?', '503 5.5.1 what?');
  assert.deepEqual((await doneOf(all)).results, delivered);
  assert.deepEqual(await all.reports.next(), { kind: 'closed', connection: 1, report: { kind: 'unused' } });
});

test('a message behind another that cannot be read has its result in turn, and its reading is bounded', async (t) => {
  for (const how of ['fails', 'hangs'] as const) {
    const all = await fixture(t);
    const { spool, sender, context } = all;
    const peer = await connected(all, 0, 'PIPELINING');
    await lines(peer, 3);
    peer.say('250 ok', '250 ok', '354 go');
    await peer.content();
    const { read } = spool;
    spool.read = () =>
      how === 'hangs'
        ? new Promise(() => undefined)
        : Promise.reject(new SpoolError('SPOOL_MISSING', 'no such message'));
    sender.transact(1, { ...message(all, 1), fresh: false });
    await turns();
    assert.equal(all.reports.all.length, 1, 'the message before it is not over');
    if (how === 'hangs') {
      // The server has its own time for the message before.
      all.advance(context.settings.timeouts.blockMs + 2_000);
      assert.equal(all.reports.all.length, 1);
    }
    peer.say('250 taken');
    assert.deepEqual((await doneOf(all)).results, delivered);
    if (how === 'hangs') {
      await turns();
      assert.equal(all.reports.all.length, 2);
      all.advance(context.settings.timeouts.blockMs + 2_000);
    }
    const { results, reusable } = await doneOf(all);
    assert.deepEqual([results[0]?.result, reusable], ['tempfail', true]);
    spool.read = read;
    sender.transact(1, message(all, 2));
    assert.deepEqual(await lines(peer, 3), group(2));
  }
});

test('a connection that is told to end finishes what has begun, and gives the rest back', async (t) => {
  const all = await fixture(t);
  const peer = await connected(all, 1, 'PIPELINING');
  await lines(peer, 3);
  all.sender.close(1);
  peer.say('250 ok', '250 ok', '354 go');
  await peer.content();
  peer.say('250 taken');
  assert.deepEqual((await doneOf(all)).results, delivered);
  assert.equal(await peer.line(), 'QUIT');
  peer.say('221 bye');
  peer.end();
  assert.deepEqual(await all.reports.next(), { kind: 'closed', connection: 1, report: { kind: 'unused' } });
});

test('behind the last message that a connection may carry, QUIT leaves with its content', async (t) => {
  for (const [offers, end] of [
    [['PIPELINING'], ['250 ok', '250 ok', '354 go']],
    [['PIPELINING', 'CHUNKING'], []],
  ] as const) {
    const all = await fixture(t);
    const { server, connect, sender } = all;
    connect({ ...message(all, 0), isLast: true });
    const peer = await server.accept();
    await peer.hello(...offers);
    if (end.length > 0) await lines(peer, 3);
    peer.say(...end);
    await arrived(peer, 'QUIT\r\n');
    peer.say(...(end.length === 0 ? ['250 ok', '250 ok'] : []), '250 taken', '221 bye');
    peer.end();
    assert.equal((await all.reports.next()).kind, 'ready');
    assert.deepEqual(await doneOf(all), { kind: 'done', connection: 1, results: delivered, reusable: false });
    assert.deepEqual(await all.reports.next(), {
      kind: 'closed',
      connection: 1,
      report: { kind: 'closed' },
    });
    assert.equal(sender.connections, 0);
  }
});

test('to a server that is near, a group leaves with the content before it, or waits for the answer', async (t) => {
  const all = await fixture(t);
  const { sender } = all;
  const peer = await connected(all, 0, 'PIPELINING');
  await lines(peer, 3);
  peer.say('250 ok', '250 ok', '354 go');
  await peer.content();
  sender.transact(1, message(all, 1));
  await turns();
  assert.equal(peer.received.includes('m1@from.test'), false, 'it would come between two parts of an answer');
  peer.say('250 taken');
  assert.deepEqual(await lines(peer, 3), group(1));
});

test('to a server that is near, only what it reads at once goes by BDAT', async (t) => {
  for (const [bytes, command] of [
    [3_000, 'BDAT 3016 LAST'],
    [4_000, 'DATA'],
  ] as const) {
    const all = await fixture(t);
    const { server, spool, connect } = all;
    connect(spool.add({ to: ['b@to.test'], content: `Subject: x\r\n\r\n${'x'.repeat(bytes)}\r\n` }));
    const peer = await server.accept();
    await peer.hello('PIPELINING', 'CHUNKING');
    assert.deepEqual(await lines(peer, 3), ['MAIL FROM:<a@from.test>', 'RCPT TO:<b@to.test>', command]);
    assert.deepEqual(all.reports.depths, [4]);
  }
});

test('one message at a time goes by DATA', async (t) => {
  const all = await fixture(t);
  const { server, sender, context, spool, connect } = all;
  const settings = { ...context.settings, pipelineDepth: { data: 1, chunking: 1 } };
  sender.reconfigure({ ...context, settings });
  connect(spool.add({ to: ['b@to.test'] }));
  const peer = await server.accept();
  await peer.hello('PIPELINING', 'CHUNKING');
  assert.deepEqual(await lines(peer, 3), ['MAIL FROM:<a@from.test>', 'RCPT TO:<b@to.test>', 'DATA']);
  assert.deepEqual(all.reports.depths, [1]);
});

test('a message that was taken is not given back because the connection is lost before the next 354', async (t) => {
  const all = await fixture(t);
  const peer = await connected(all, 2, 'PIPELINING');
  await lines(peer, 3);
  peer.say('250 ok', '250 ok', '354 go');
  await peer.content();
  await lines(peer, 4);
  peer.say('250 first', '250 reset', '250 ok', '250 ok', '354 go');
  assert.deepEqual((await doneOf(all)).results, delivered);
  await peer.content();
  await lines(peer, 4);
  peer.say('250 second');
  peer.end();
  assert.deepEqual((await doneOf(all)).results, delivered);
  assert.deepEqual(await all.reports.next(), { kind: 'closed', connection: 1, report: { kind: 'unused' } });
});
