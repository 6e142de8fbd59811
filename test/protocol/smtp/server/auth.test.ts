// AUTH in a server session (RFC 4954): when it is possible, what of the exchange is read, and that hostile lines leave the session whole.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServerSession } from '../../../../src/protocol/smtp/server/server-session.ts';
import type { AuthOffer } from '../../../../src/protocol/smtp/server/server-types.ts';
import { codes, usualOptions } from './drive.ts';

const offer: AuthOffer = { clear: ['SCRAM-SHA-256'], secure: ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'] };
const wrong = { code: 535, enhanced: '5.7.8', text: 'Authentication failed' };

interface Played {
  readonly events: readonly string[];
  readonly output: string;
  readonly session: ServerSession;
}

/**
 * A session in which the caller asks for two responses after the command, and accepts, unless a response is `no`.
 * @param input - what the client sends, after EHLO
 */
function play(input: readonly string[], auth: AuthOffer | 'none' = offer, startTls = true): Played {
  const session = new ServerSession({
    ...usualOptions,
    ...(startTls && { startTls: 'offered' as const }),
    ...(auth !== 'none' && { auth }),
  });
  session.greet();
  const events: string[] = [];
  let output = '';
  let steps = 0;
  for (const text of ['EHLO a.example\r\n', ...input]) {
    session.receive(Buffer.from(text, 'latin1'));
    for (let event = session.next(); event !== undefined; event = session.next()) {
      const response =
        event.kind === 'auth' ? event.response : event.kind === 'response' ? event.bytes : undefined;
      const said = response === undefined ? '' : ` ${Buffer.from(response).toString('latin1')}`;
      if (event.kind !== 'content')
        events.push(event.kind === 'auth' ? `auth ${event.mechanism}${said}` : event.kind + said);
      if (event.kind === 'auth') steps = 0;
      if (!session.awaitingAnswer) continue;
      if (said === ' no') session.reject(wrong);
      else if (event.kind === 'auth' || (event.kind === 'response' && ++steps < 2)) {
        session.challenge(Buffer.from(steps === 0 ? '' : 'more'));
      } else session.accept();
      if (session.phase === 'handshake') session.secured();
    }
    output += Buffer.from(session.takeOutput() ?? []).toString('latin1');
  }
  return { events, output, session };
}

const secure = ['STARTTLS\r\n', 'EHLO a.example\r\n'];
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('mechanisms are offered in clear and under TLS as they are configured', () => {
  const { output } = play(secure);
  const [clear = '', underTls = ''] = output.split('220 2.0.0 Ready');
  assert.match(clear, /^250-AUTH SCRAM-SHA-256\r$/m);
  assert.match(underTls, /^250-AUTH SCRAM-SHA-256 PLAIN LOGIN\r$/m);
  assert.doesNotMatch(play([], 'none').output, /AUTH/);
  assert.doesNotMatch(play([], { clear: [], secure: ['PLAIN'] }).output, /AUTH/);
});

test('an exchange has the responses of the client decoded, and ends with 235', () => {
  const lines = [`auth  plain ${base64('first')}\r\n`, `${base64('second')}\r\n`, `${base64('third')}\r\n`];
  const { events, output } = play([...secure, ...lines, 'MAIL FROM:<a@b.example>\r\n']);
  assert.deepEqual(events.slice(3), ['auth PLAIN first', 'response second', 'response third', 'mail']);
  assert.match(output, /\r\n334 \r\n334 bW9yZQ==\r\n235 2\.7\.0 Authentication succeeded\r\n250 2\.1\.0/);
});

test('a client may send no initial response, and an empty one', () => {
  assert.deepEqual(play([...secure, 'AUTH LOGIN\r\n']).events.at(-1), 'auth LOGIN');
  assert.deepEqual(play([...secure, 'AUTH LOGIN =\r\n']).events.at(-1), 'auth LOGIN ');
  assert.deepEqual(play([...secure, 'AUTH LOGIN =\r\n', '\r\n']).events.at(-1), 'response ');
});

test('AUTH is refused where it is not possible', () => {
  const after = (input: readonly string[], auth?: AuthOffer) => codes(play(input, auth).output).at(-1);
  assert.equal(codes(play(['AUTH PLAIN\r\n'], 'none').output).at(-1), '502 5.5.1');
  assert.equal(after(['AUTH PLAIN\r\n']), '538 5.7.11');
  assert.equal(after(['AUTH NTLM\r\n']), '504 5.5.4');
  assert.equal(after([...secure, 'AUTH\r\n']), '501 5.5.4');
  assert.equal(after([...secure, 'AUTH PLAIN a b\r\n']), '501 5.5.4');
  assert.equal(after([...secure, 'AUTH PLAIN a\r\n']), '501 5.5.2');
  assert.equal(after([...secure, 'MAIL FROM:<a@b.example>\r\n', 'AUTH PLAIN\r\n']), '503 5.5.1');
  const twice = [
    ...secure,
    'AUTH PLAIN\r\n',
    '=\r\n'.replace('=', base64('a')),
    `${base64('b')}\r\n`,
    'AUTH PLAIN\r\n',
  ];
  assert.equal(after(twice), '503 5.5.1');
  assert.equal(after([...secure.slice(0, 1), 'AUTH PLAIN\r\n']), '503 5.5.1', 'EHLO comes first');
});

test('a client may give up, be refused and break the rules, and try again', () => {
  for (const [line, code] of [
    ['*', '501 5.7.0'],
    ['not base64', '501 5.5.2'],
    ['YQ=', '501 5.5.2'],
    [`${'A'.repeat(12_288)}`, '500 5.5.6'],
    ['\x01', '501 5.5.2'],
    [base64('no'), '535 5.7.8'],
  ] as const) {
    const { events, output } = play([
      ...secure,
      'AUTH PLAIN\r\n',
      `${line}\r\n`,
      `AUTH PLAIN ${base64('x')}\r\n`,
    ]);
    assert.deepEqual(
      codes(output).slice(-2),
      [code, '334'].map((each) => each),
      line,
    );
    assert.deepEqual(events.slice(3), [
      'auth PLAIN',
      code === '535 5.7.8' ? 'response no' : 'unauthenticated',
      'auth PLAIN x',
    ]);
  }
});

test('a response of the longest length is taken', () => {
  const longest = 'A'.repeat(12_284);
  const { events } = play([...secure, 'AUTH PLAIN\r\n', `${longest}\r\n`]);
  assert.equal(events.at(-1)?.startsWith('response '), true);
});

test('STARTTLS forgets a log-in that came in clear', () => {
  const login = ['AUTH SCRAM-SHA-256\r\n', `${base64('a')}\r\n`, `${base64('b')}\r\n`];
  const { output } = play([...login, ...secure, 'AUTH PLAIN\r\n']);
  assert.deepEqual(codes(output).slice(-4), ['235 2.7.0', '220 2.0.0', '250', '334']);
});

test('however the input is cut, the session does the same', () => {
  const whole = `AUTH SCRAM-SHA-256 ${base64('x')}\r\n${base64('one')}\r\n${base64('two')}\r\nMAIL FROM:<a@b.example>\r\nRSET\r\n`;
  const expected = play([whole]);
  fc.assert(
    fc.property(fc.array(fc.nat(whole.length), { maxLength: 8 }), (positions) => {
      const cuts = [0, ...positions.toSorted((a, b) => a - b), whole.length];
      const pieces = cuts.slice(1).map((to, at) => whole.slice(cuts[at], to));
      const { events, output } = play(pieces);
      assert.deepEqual(events, expected.events);
      assert.equal(output, expected.output);
    }),
  );
});

test('no line in an exchange breaks the session', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 8 }), (lines) => {
      const input = lines.map((line) => `${Buffer.from(line).toString('latin1')}\r\n`);
      const { output, session } = play([...secure, 'AUTH LOGIN\r\n', ...input]);
      for (const line of output.split('\r\n').slice(0, -1)) assert.match(line, /^\d{3}(?:[ -]|$)/);
      assert.ok(['command', 'response', 'content', 'handshake', 'closed'].includes(session.phase));
    }),
  );
});
