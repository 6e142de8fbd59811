// Asking servers about recipients: connections that are used again, bounds, and servers that fail in every way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  AskOutcome,
  ServersSeen,
  VisitAnswer,
  VisitLedger,
} from '../../../src/deliver/call-ahead/call-ahead-types.ts';
import { failureText } from '../../../src/protocol/smtp/client/reply-text.ts';
import { MailServer, type Peer } from '../mail-server.ts';
import { freePort } from '../../../sim/neighbours/ground.ts';
import { freeVisits, hopAt, lmtpHopAt, poolOf } from './fixture.ts';

function shown(outcome: AskOutcome): string {
  switch (outcome.kind) {
    case 'accepted':
      return 'accepted';
    case 'nobody':
      return `nobody: ${outcome.reply.code}`;
    case 'unasked':
      return `unasked: ${outcome.reason}`;
    case 'refused':
      return failureText(outcome.failure);
  }
}

/** Answers one question on a connection that is ready. */
async function answer(peer: Peer, recipient: string, reply: string): Promise<void> {
  await peer.dialogue(['MAIL FROM:<>', '250 ok'], [`RCPT TO:<${recipient}>`, reply], ['RSET', '250 ok']);
}

test('questions share a connection, one after the other', async (t) => {
  const server = await MailServer.listen(t);
  const { pool, lookups } = poolOf(t, [hopAt(server.port)], { connections: 1 });
  const asked = ['a@b.test', 'c@b.test', 'd@b.test'].map((address) => pool.ask(address).then(shown));
  const peer = await server.accept();
  await peer.hello();
  await answer(peer, 'a@b.test', '250 ok');
  await answer(peer, 'c@b.test', '550 5.1.1 no');
  await answer(peer, 'd@b.test', '450 4.2.0 later');
  assert.deepEqual(await Promise.all(asked), [
    'accepted',
    '550 5.1.1 no (in reply to RCPT)',
    '450 4.2.0 later (in reply to RCPT)',
  ]);
  // It is used again, without another look-up.
  const again = pool.ask('a@b.test').then(shown);
  await answer(peer, 'a@b.test', '250 ok');
  assert.equal(await again, 'accepted');
  assert.equal(lookups.count, 1);
});

test('several connections are opened where several wait, and no more than may be', async (t) => {
  const server = await MailServer.listen(t);
  const { pool } = poolOf(t, [hopAt(server.port)], { connections: 2 });
  const asked = ['a@b.test', 'c@b.test', 'd@b.test'].map((address) => pool.ask(address).then(shown));
  const peers = [await server.accept(), await server.accept()];
  assert.equal(pool.connections, 2);
  for (const peer of peers) await peer.hello();
  for (const [at, recipient] of ['a@b.test', 'c@b.test'].entries())
    await peers[at]?.dialogue(['MAIL FROM:<>', '250 ok'], [`RCPT TO:<${recipient}>`]);
  assert.equal(pool.connections, 2);
  peers[1]?.say('250 ok');
  await peers[1]?.dialogue(['RSET', '250 ok']);
  await answer(peers[1] as Peer, 'd@b.test', '250 ok');
  peers[0]?.say('250 ok');
  assert.deepEqual(await Promise.all(asked), ['accepted', 'accepted', 'accepted']);
});

test('by LMTP, and with a sender', async (t) => {
  const server = await MailServer.listen(t);
  const { pool } = poolOf(t, [lmtpHopAt(server.port)], { sender: 'probe@sluice.test' });
  const asked = pool.ask('a@b.test').then(shown);
  const peer = await server.accept();
  peer.say('220 lmtp.test');
  await peer.dialogue(
    ['LHLO sluice.test', '250-lmtp.test', '250 PIPELINING'],
    ['MAIL FROM:<probe@sluice.test>'],
    ['RCPT TO:<a@b.test>', '250 ok', '550 5.1.1 no'],
    ['RSET', '250 ok'],
  );
  assert.equal(await asked, '550 5.1.1 no (in reply to RCPT)');
});

test('a connection that nobody needs is closed with QUIT, and another one is opened when it is needed', async (t) => {
  const server = await MailServer.listen(t);
  const { pool, pass } = poolOf(t, [hopAt(server.port)]);
  const first = pool.ask('a@b.test').then(shown);
  const peer = await server.accept();
  await peer.hello();
  await answer(peer, 'a@b.test', '250 ok');
  assert.equal(await first, 'accepted');
  // RSET was answered: one more line of the server is read before time passes.
  const second = pool.ask('c@b.test').then(shown);
  await answer(peer, 'c@b.test', '250 ok');
  assert.equal(await second, 'accepted');
  const third = pool.ask('d@b.test').then(shown);
  await peer.dialogue(
    ['MAIL FROM:<>', '250 ok'],
    ['RCPT TO:<d@b.test>', '250 ok'],
    ['RSET', '250 ok', '421 idle'],
  );
  assert.equal(await third, 'accepted');
  await peer.closed;
  pass(1000);
  const fourth = pool.ask('e@b.test').then(shown);
  const next = await server.accept();
  await next.hello();
  await answer(next, 'e@b.test', '250 ok');
  assert.equal(await fourth, 'accepted');
});

test('after some refusals a connection is closed, before the server slows it down', async (t) => {
  const server = await MailServer.listen(t);
  const { pool } = poolOf(t, [hopAt(server.port)], { connections: 1 });
  const asked = Array.from({ length: 7 }, (_, at) => pool.ask(`u${at}@b.test`).then(shown));
  const peer = await server.accept();
  await peer.hello();
  for (let at = 0; at < 5; at++) await answer(peer, `u${at}@b.test`, '550 5.1.1 no');
  await peer.dialogue(['QUIT', '221 bye']);
  peer.end();
  const next = await server.accept();
  await next.hello();
  await answer(next, 'u5@b.test', '250 ok');
  await answer(next, 'u6@b.test', '250 ok');
  assert.deepEqual((await Promise.all(asked)).slice(5), ['accepted', 'accepted']);
});

test('the line is bounded, and what waits in it is answered in time', async (t) => {
  const server = await MailServer.listen(t);
  const { pool, pass } = poolOf(t, [hopAt(server.port)], {
    connections: 1,
    waiting: 2,
    timeLimitMs: 5000,
    stepMs: 60_000,
  });
  const asked = ['a@b.test', 'c@b.test'].map((address) => pool.ask(address).then(shown));
  const peer = await server.accept();
  const tooMany = await pool.ask('d@b.test');
  assert.equal(shown(tooMany), 'unasked: too many wait already');
  assert.equal(seenBy(tooMany), 'untried');
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<>']);
  pass(7000);
  assert.deepEqual(await Promise.all(asked), [
    'unasked: no answer in time',
    'unasked: mx.test: no answer in time',
  ]);
  // The silent connection is given up.
  await peer.closed;
});

test('another server is asked when the first cannot be', async (t) => {
  const [silent, working] = [await MailServer.listen(t), await MailServer.listen(t)];
  const { pool, pass } = poolOf(t, [hopAt(silent.port, 'one.test'), hopAt(working.port, 'two.test')], {
    connections: 1,
    stepMs: 5000,
  });
  const asked = pool.ask('a@b.test').then(shown);
  await silent.accept();
  // No greeting comes.
  while (pool.connections === 0) await new Promise(setImmediate);
  pass(7000);
  const peer = await working.accept();
  await peer.hello();
  await answer(peer, 'a@b.test', '250 ok');
  assert.equal(await asked, 'accepted');
});

test('without any server that can be asked, whoever asks is told at once, and the servers rest', async (t) => {
  const server = await MailServer.listen(t);
  const { pool, pass } = poolOf(t, [hopAt(server.port)]);
  const first = pool.ask('a@b.test').then(shown);
  (await server.accept()).say('554 5.7.1 not you');
  assert.equal(await first, 'unasked: mx.test: 554 5.7.1 not you (in reply to connect)');
  // Nothing is opened: it rests.
  assert.equal(
    shown(await pool.ask('a@b.test')),
    'unasked: mx.test: 554 5.7.1 not you (in reply to connect)',
  );
  assert.equal(pool.connections, 0);
  pass(2000);
  const next = pool.ask('a@b.test').then(shown);
  const peer = await server.accept();
  await peer.hello();
  await answer(peer, 'a@b.test', '250 ok');
  assert.equal(await next, 'accepted');
});

/** What a server does in place of its greeting, and whether it is there all the same. Ms: so much time passes then. */
const greetings: readonly [what: string, act: (peer: Peer) => void, ms: number, servers: ServersSeen][] = [
  ['says 554', (peer) => peer.say('554 5.7.1 not you'), 0, 'there'],
  ['says 421', (peer) => peer.say('421 4.3.2 too busy'), 0, 'there'],
  ['says garbage', (peer) => peer.say('<html>'), 0, 'there'],
  ['closes', (peer) => peer.end(), 0, 'there'],
  ['resets', (peer) => peer.reset(), 0, 'there'],
  ['is silent', () => undefined, 6_000, 'there'],
  ['is silent until the question is late', () => undefined, 22_000, 'there'],
];

for (const [what, act, ms, servers] of greetings) {
  test(`a server that ${what} in place of its greeting is ${servers}`, async (t) => {
    const server = await MailServer.listen(t);
    const stepMs = ms > 10_000 ? 60_000 : 5_000;
    const { pool, pass, connected } = poolOf(t, [hopAt(server.port)], { stepMs });
    const asked = pool.ask('a@b.test');
    const peer = await server.accept();
    await connected;
    act(peer);
    pass(ms);
    assert.equal(seenBy(await asked), servers);
    // The connection outlives the question where a greeting may take longer.
    pass(stepMs > 10_000 ? stepMs : 0);
    await peer.closed;
    // While it rests, that is remembered.
    if (ms < 10_000) assert.equal(seenBy(await pool.ask('c@b.test')), servers);
  });
}

function seenBy(outcome: AskOutcome): string {
  return outcome.kind === 'unasked' ? outcome.servers : outcome.kind;
}

for (const isFirst of [true, false]) {
  test(`of two servers, the ${isFirst ? 'first' : 'second'} one is there`, async (t) => {
    const server = await MailServer.listen(t);
    const hops = [hopAt(server.port, 'one.test'), hopAt(await freePort(), 'two.test')];
    const { pool } = poolOf(t, isFirst ? hops : hops.toReversed());
    const asked = pool.ask('a@b.test');
    (await server.accept()).say('554 5.7.1 not you');
    assert.equal(seenBy(await asked), 'there');
  });
}

test('servers that nobody can connect to, or find, are down', async (t) => {
  const ports = [await freePort(), await freePort()];
  assert.equal(
    seenBy(
      await poolOf(
        t,
        ports.map((port) => hopAt(port)),
      ).pool.ask('a@b.test'),
    ),
    'down',
  );
  const lost = poolOf(t, { kind: 'failing', reason: 'the name server does not answer' });
  assert.equal(seenBy(await lost.pool.ask('a@b.test')), 'down');
});

test('a fault of this host says nothing of the server, also while it is not asked again', async (t) => {
  // No host has this address (RFC 5737).
  const visits: VisitLedger = {
    visit: async (wish, lost) =>
      ({ ...(await freeVisits.visit(wish, lost)), source: '192.0.2.77' }) as VisitAnswer,
    visitEnded: () => undefined,
  };
  const server = await MailServer.listen(t);
  const { pool } = poolOf(t, [hopAt(server.port)], { visits });
  assert.equal(seenBy(await pool.ask('a@b.test')), 'untried');
  assert.equal(seenBy(await pool.ask('c@b.test')), 'untried');
});

test('servers that cannot be found say why', async (t) => {
  const { pool } = poolOf(t, { kind: 'failing', reason: 'mx.test does not exist' });
  assert.equal(shown(await pool.ask('a@b.test')), 'unasked: mx.test does not exist');
});

test('a connection that was closed just when it was used again is no failure', async (t) => {
  const server = await MailServer.listen(t);
  const { pool } = poolOf(t, [hopAt(server.port)], { connections: 1 });
  const first = pool.ask('a@b.test').then(shown);
  const peer = await server.accept();
  await peer.hello();
  await answer(peer, 'a@b.test', '250 ok');
  assert.equal(await first, 'accepted');
  const second = pool.ask('c@b.test').then(shown);
  assert.equal(await peer.line(), 'MAIL FROM:<>');
  peer.reset();
  const next = await server.accept();
  await next.hello();
  await answer(next, 'c@b.test', '250 ok');
  assert.equal(await second, 'accepted');
});

/** What a hostile server does in place of an answer; the client has to get a temporary failure, and the connection to end. */
const hostilities: readonly [string, (peer: Peer) => void][] = [
  ['closes', (peer) => peer.end()],
  ['resets', (peer) => peer.reset()],
  ['says 421', (peer) => peer.say('421 4.3.2 going down')],
  ['says garbage', (peer) => peer.say('\u0000\u0001 <html> HTTP/1.1 400')],
  ['says 354', (peer) => peer.say('354 go on')],
  ['never ends its reply', (peer) => peer.say(...Array.from({ length: 2000 }, () => '250-and more'))],
  ['never ends its line', (peer) => peer.socket.write('250-'.padEnd(100_000, 'x'))],
  ['says too much', (peer) => peer.say('250 ok', '250 ok', '250 ok', '250 ok', '250 ok')],
];
const states: readonly [string, (peer: Peer) => Promise<void>][] = [
  ['greeting', () => Promise.resolve()],
  ['EHLO', async (peer) => (peer.say('220 mx.test'), await peer.dialogue(['EHLO sluice.test']))],
  ['MAIL', async (peer) => (await peer.hello(), await peer.dialogue(['MAIL FROM:<>']))],
  [
    'RCPT',
    async (peer) => (
      await peer.hello(),
      await peer.dialogue(['MAIL FROM:<>', '250 ok'], ['RCPT TO:<a@b.test>'])
    ),
  ],
];

for (const [state, come] of states) {
  for (const [what, act] of hostilities) {
    // "250 ok" is an answer to RCPT, also when it comes too early. What comes behind it ends the connection.
    if (what === 'says too much' && (state === 'MAIL' || state === 'RCPT')) continue;
    test(`a server that ${what} in place of its reply to ${state}`, async (t) => {
      const server = await MailServer.listen(t);
      const { pool } = poolOf(t, [hopAt(server.port)], { connections: 1 });
      const asked = pool.ask('a@b.test');
      const peer = await server.accept();
      await come(peer);
      act(peer);
      const outcome = await asked;
      assert.notEqual(outcome.kind, 'accepted');
      if (outcome.kind === 'refused' && outcome.failure.kind === 'reply')
        assert.ok(outcome.failure.reply.code < 500, shown(outcome));
      await peer.closed;
      assert.equal(pool.connections, 0);
    });
  }

  test(`a server that sends its reply to ${state} byte by byte, and never ends it`, async (t) => {
    const server = await MailServer.listen(t);
    const { pool, pass } = poolOf(t, [hopAt(server.port)], { connections: 1, timeLimitMs: 20_000 });
    const asked = pool.ask('a@b.test').then(shown);
    const peer = await server.accept();
    await come(peer);
    for (let second = 0; second < 25; second++) {
      peer.socket.write('2');
      pass(1000);
      await new Promise(setImmediate);
    }
    assert.match(await asked, /in time|timed out/u);
    await peer.closed;
  });
}

test('a reply too many behind the answer ends the connection, and not the answer', async (t) => {
  const server = await MailServer.listen(t);
  const { pool } = poolOf(t, [hopAt(server.port)], { connections: 1 });
  const asked = pool.ask('a@b.test').then(shown);
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<>', '250 ok'], ['RCPT TO:<a@b.test>', '250 ok', '250 ok', '250 ok']);
  assert.equal(await asked, 'accepted');
  await peer.closed;
});

test('when it is closed, nobody waits any more, and connections say goodbye', async (t) => {
  const server = await MailServer.listen(t);
  const { pool } = poolOf(t, [hopAt(server.port)], { connections: 1 });
  const first = pool.ask('a@b.test').then(shown);
  const second = pool.ask('c@b.test').then(shown);
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<>']);
  pool.close();
  assert.equal(await second, 'unasked: it is closed');
  peer.say('250 ok');
  await peer.dialogue(['RCPT TO:<a@b.test>', '250 ok'], ['QUIT', '221 bye']);
  assert.equal(await first, 'accepted');
  assert.equal(shown(await pool.ask('d@b.test')), 'unasked: it is closed');
});

test('a domain without any server has all its questions answered at once, and is looked up for the next', async (t) => {
  const reply = { code: 556, enhanced: '5.1.10', text: 'no mail' };
  const { pool, lookups } = poolOf(t, { kind: 'nobody', reply });
  const asked = ['a@b.test', 'c@b.test'].map((address) => pool.ask(address).then(shown));
  assert.deepEqual(await Promise.all(asked), ['nobody: 556', 'nobody: 556']);
  assert.equal(await pool.ask('d@b.test').then(shown), 'nobody: 556');
  assert.equal(pool.connections, 0);
  assert.ok(lookups.count >= 2);
});
