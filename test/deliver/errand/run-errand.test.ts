// Errands: a server is looked after, or asked for mail by ETRN (RFC 1985), and there is one outcome whatever it does.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { runErrand } from '../../../src/deliver/errand/run-errand.ts';
import { smtpHop } from '../../../src/route/next-hop.ts';
import { cert, key } from '../certificate.ts';
import { fixture, timeouts } from '../fixture.ts';
import type { Peer } from '../mail-server.ts';

async function ground(t: TestContext, etrn?: readonly string[]) {
  const { advance, context, server } = await fixture(t);
  const hop = smtpHop('mx.test', '127.0.0.1', server.port, 0);
  const outcome = runErrand(context, { hop, ...(etrn !== undefined && { etrn }) });
  const peer = await server.accept();
  return { advance, outcome, peer };
}

test('a server that greets and knows EHLO is there, and hears QUIT', async (t) => {
  const { outcome, peer } = await ground(t);
  await peer.hello('PIPELINING');
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await outcome, { kind: 'answered' });
  peer.socket.end();
  await peer.closed;
});

test('the outcome is told when the connection is closed: at the latest some seconds after QUIT', async (t) => {
  const { advance, outcome, peer } = await ground(t);
  await peer.hello('PIPELINING');
  assert.equal(await peer.line(), 'QUIT');
  let isTold = false;
  void outcome.then(() => {
    isTold = true;
  });
  advance(4_000);
  await new Promise(setImmediate);
  assert.equal(isTold, false);
  advance(2_000);
  assert.deepEqual(await outcome, { kind: 'answered' });
  await peer.closed;
});

test('ETRN is said for one node after the other, and each answer is told', async (t) => {
  const { outcome, peer } = await ground(t, ['far.test', '@near.test']);
  await peer.hello('ETRN');
  await peer.dialogue(
    ['ETRN far.test', '253-2.0.0 first', '253 2.0.0 OK, 3 pending messages for node far.test started'],
    ['ETRN @near.test', '459 4.7.1 Node @near.test not allowed'],
  );
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await outcome, {
    kind: 'answered',
    replies: [
      {
        node: 'far.test',
        code: 253,
        text: '253 2.0.0 first OK, 3 pending messages for node far.test started',
      },
      { node: '@near.test', code: 459, text: '459 4.7.1 Node @near.test not allowed' },
    ],
  });
  peer.socket.end();
  await peer.closed;
});

const login = { credential: 'provider', id: 'provider~digest' };
const plain = Buffer.from('\0joe\0pencil').toString('base64');

/** An errand to a server that wants a log-in over TLS. */
async function withLogin(t: TestContext) {
  const { context, server } = await fixture(t);
  context.logins.secrets.use({ provider: { kind: 'secret', text: 'pencil' } });
  const settings = {
    name: 'provider',
    user: 'joe',
    mechanisms: ['PLAIN'],
    isAllowedInClear: false,
    command: undefined,
  } as const;
  const logins = { ...context.logins, credentials: new Map([[login.id, settings]]) };
  const hop = { ...smtpHop('localhost', '127.0.0.1', server.port, 0), login };
  const outcome = runErrand({ ...context, logins }, { hop, etrn: ['far.test'] });
  return { outcome, peer: await server.accept() };
}

test('a server that wants a log-in gets it under TLS, before ETRN', async (t) => {
  const { outcome, peer } = await withLogin(t);
  await peer.hello('STARTTLS', 'AUTH PLAIN');
  await peer.dialogue(['STARTTLS', '220 go']);
  await peer.underTls({ cert, key });
  await peer.dialogue(
    ['EHLO sluice.test', '250-mx.test', '250-ETRN', '250 AUTH PLAIN'],
    [`AUTH PLAIN ${plain}`, '235 2.7.0 welcome'],
    ['ETRN far.test', '251 nothing waits'],
    ['QUIT', '221 bye'],
  );
  assert.deepEqual(await outcome, {
    kind: 'answered',
    replies: [{ node: 'far.test', code: 251, text: '251 nothing waits' }],
  });
});

test('a server that refuses the log-in is not asked', async (t) => {
  const { outcome, peer } = await withLogin(t);
  await peer.hello('STARTTLS', 'AUTH PLAIN');
  await peer.dialogue(['STARTTLS', '220 go']);
  await peer.underTls({ cert, key });
  await peer.dialogue(
    ['EHLO sluice.test', '250-mx.test', '250-ETRN', '250 AUTH PLAIN'],
    [`AUTH PLAIN ${plain}`, '535 5.7.8 no'],
    ['QUIT', '221 bye'],
  );
  const told = await outcome;
  assert.ok(told.kind === 'failed');
  assert.match(told.reason, /535 5\.7\.8 no/u);
});

test('a server that does not offer ETRN is not asked', async (t) => {
  const { outcome, peer } = await ground(t, ['far.test']);
  await peer.hello('PIPELINING');
  await peer.dialogue(['QUIT', '221 bye']);
  assert.deepEqual(await outcome, {
    kind: 'failed',
    reason: 'the server does not offer ETRN',
    isLasting: true,
  });
  peer.socket.end();
  await peer.closed;
});

const failures: readonly {
  readonly what: string;
  readonly act: (peer: Peer) => Promise<void> | void;
  readonly reason: RegExp;
}[] = [
  { what: 'closes at once', act: (peer) => void peer.socket.end(), reason: /closed|ended|lost/u },
  { what: 'refuses in its greeting', act: (peer) => peer.say('554 no'), reason: /554 no/u },
  { what: 'is too busy', act: (peer) => peer.say('421 too many'), reason: /421 too many/u },
  { what: 'says no SMTP', act: (peer) => peer.say('SSH-2.0'), reason: /not an SMTP reply/u },
  {
    what: 'refuses EHLO and HELO',
    act: async (peer) => {
      peer.say('220 hi');
      await peer.dialogue(['EHLO sluice.test', '500 no'], ['HELO sluice.test', '550 no']);
    },
    reason: /550 no/u,
  },
  {
    what: 'closes in place of an answer to ETRN',
    act: async (peer) => {
      await peer.hello('ETRN');
      await peer.line();
      peer.socket.end();
    },
    reason: /ended|lost|closed/u,
  },
  {
    what: 'answers ETRN with 421',
    act: async (peer) => {
      await peer.hello('ETRN');
      await peer.dialogue(['ETRN far.test', '421 going down']);
    },
    reason: /^421 going down/u,
  },
  {
    what: 'answers ETRN twice',
    act: async (peer) => {
      await peer.hello('ETRN');
      await peer.line();
      peer.say('250 ok', '250 ok');
    },
    reason: /more than one reply/u,
  },
  {
    what: 'answers ETRN with garbage',
    act: async (peer) => {
      await peer.hello('ETRN');
      await peer.dialogue(['ETRN far.test', '\u0000\u0001']);
    },
    reason: /not an SMTP reply/u,
  },
  {
    what: 'answers ETRN without an end',
    act: async (peer) => {
      await peer.hello('ETRN');
      await peer.line();
      peer.say(...Array.from({ length: 2_000 }, () => '250-and more'));
    },
    reason: /more than 16384 bytes/u,
  },
];

for (const { what, act, reason } of failures) {
  test(`a server that ${what} has not answered`, async (t) => {
    const { outcome, peer } = await ground(t, ['far.test']);
    await act(peer);
    const found = await outcome;
    assert.ok(found.kind === 'failed', JSON.stringify(found));
    assert.match(found.reason, reason);
    await peer.closed;
  });
}

test('a server that is silent after EHLO, or after ETRN, is given up in time', async (t) => {
  for (const isAsked of [false, true]) {
    const { advance, outcome, peer } = await ground(t, ['far.test']);
    if (isAsked) {
      await peer.hello('ETRN');
      assert.equal(await peer.line(), 'ETRN far.test');
    } else {
      peer.say('220 hi');
      assert.equal(await peer.line(), 'EHLO sluice.test');
    }
    advance(timeouts.heloMs + 1_000);
    const found = await outcome;
    assert.ok(found.kind === 'failed');
    assert.match(found.reason, /too long|timed out/u);
    await peer.closed;
  }
});
