// Plugins in their threads that fail after a TLS handshake, and when a user has logged in. The client is asked to try again, or what is configured
// happens: nobody is logged in by a check that failed, no message is lost or changed by half, and the session goes on.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { FailureAnswer } from '../../src/policy/stage.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { directoryOf } from '../sasl/secrets.ts';
import {
  failingPlugin,
  type Ground,
  nothingStored,
  storedWhole,
  withFailingPlugin,
} from './failing-plugin.ts';
import type { Client, Fixture } from './fixture.ts';
import { endings, faults } from './plugin-faults.ts';

type SecurePoint = 'starttls' | 'auth';

const login = `AUTH PLAIN ${Buffer.from('\0joe@example.com\0pencil').toString('base64')}\r\n`;
const closed = /^421 4\.3\.0 mx\.example\.org A check of this server failed, try again later$/;
/** What fails after a handshake ends the connection, as at its beginning: the session would have no check. */
const failedAt = { starttls: closed, auth: /^451 4\.3\.0 A check of this server failed, try again later$/ };

function secured(t: TestContext, onFailure?: FailureAnswer): Promise<Ground> {
  const auth = {
    directory: directoryOf({ login: 'joe@example.com', password: 'pencil' }),
    mechanisms: ['PLAIN'],
    isRequired: false,
    hints: noHints,
  };
  return withFailingPlugin(t, onFailure, failingPlugin, { tls: 'offered', auth });
}

/** Goes through the handshake. What a stage says of it is the answer to the EHLO that follows. */
async function handshaken(fixture: Fixture): Promise<Client> {
  const client = await fixture.client();
  assert.match(await client.reply(), /^220 /);
  assert.match(await client.ask('EHLO client.example\r\n'), /^250-/);
  assert.match(await client.ask('STARTTLS\r\n'), /^220 /);
  await client.secure();
  return client;
}

/** Says what a point is about. @returns the reply */
async function asked(client: Client, point: SecurePoint): Promise<string> {
  if (point === 'starttls') return client.ask('EHLO client.example\r\n');
  assert.match(await client.ask('EHLO client.example\r\n'), /^250-/);
  return client.ask(login);
}

/** Goes on behind a log-in. */
async function handIn(client: Client): Promise<void> {
  for (const command of ['MAIL FROM:<a@example.net>', 'RCPT TO:<b@example.com>'])
    assert.match(await client.ask(`${command}\r\n`), /^250 /);
  assert.match(await client.ask('DATA\r\n'), /^354 /);
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n..dot\r\n.\r\n'), /^250 /);
  assert.match(await client.ask('QUIT\r\n'), /^221 /);
}

/** A plugin that has failed at a point was mended: a session that begins now is whole. */
async function isWhole(fixture: Fixture, what: string): Promise<void> {
  const client = await handshaken(fixture);
  assert.match(await asked(client, 'auth'), /^235 /, what);
  await handIn(client);
  assert.equal(storedWhole(fixture, undefined, what), undefined, what);
}

for (const point of ['starttls', 'auth'] as const) {
  test(`a plugin whose answer is none at ${point} is a temporary error`, async (t) => {
    const { fixture, fail, mend } = await secured(t);
    for (const [way, told, first = 'connect'] of faults) {
      if (first !== 'connect') continue;
      const what = `${way} at ${point}`;
      fail(point, way);
      const client = await handshaken(fixture);
      assert.match(await asked(client, point), failedAt[point], what);
      const text = fixture.troubles.list.find(({ key }) => key === 'stage:tried')?.text ?? '';
      assert.ok(text.startsWith(`The stage "tried" fails at ${point}: `), text);
      assert.match(text, told, way);
      nothingStored(fixture, what);
      mend();
      if (point === 'auth') {
        // Nobody has logged in; the same client may.
        assert.match(await client.ask(login), /^235 /, what);
        await handIn(client);
        storedWhole(fixture, undefined, what);
      } else assert.equal(await client.reply(), '', what);
      await isWhole(fixture, what);
    }
  });
}

for (const [way, ended] of endings) {
  test(`a plugin that ${way} at starttls and at auth is a temporary error there`, async (t) => {
    const { fixture, plugin, fail, mend, sent, passTimeLimit } = await secured(t);
    await plugin.line(/ is ready: /);
    for (const point of ['starttls', 'auth'] as const) {
      const what = `${way} at ${point}`;
      const already = plugin.lines.length;
      passTimeLimit();
      fail(point, way);
      const waits = async (): Promise<void> => {
        await (way === 'loops' ? sent(point) : plugin.line(new RegExp(`fails at ${point}$`), already));
        passTimeLimit();
      };
      const isLate = way === 'never answers' || way === 'loops';
      const waiting = isLate ? waits() : undefined;
      const client = await handshaken(fixture);
      assert.match(await asked(client, point), failedAt[point], what);
      await waiting;
      nothingStored(fixture, what);
      if (ended !== undefined) {
        assert.match(await plugin.line(/ was ended: /, already), ended);
        await plugin.line(/ is ready: /, already);
      }
      mend();
      client.socket.destroy();
      await isWhole(fixture, what);
    }
  });
}

for (const [choice, expectedAt] of [
  ['continue', { starttls: 'goes on', auth: 'goes on' }],
  // A message that nobody has begun cannot be held.
  ['quarantine', failedAt],
  ['disconnect', { starttls: closed, auth: closed }],
] as const) {
  for (const point of ['starttls', 'auth'] as const) {
    test(`on_failure = "${choice}", at ${point}`, async (t) => {
      const { fixture, fail, mend } = await secured(t, choice);
      const expected = expectedAt[point];
      // The last one ends the thread, which is started again at once: the questions after it wait for that.
      for (const way of ['throws', 'answers an unknown kind', 'answers an edit that is null', 'exits']) {
        const what = `${way} at ${point}`;
        fail(point, way);
        const client = await handshaken(fixture);
        const reply = await asked(client, point);
        if (expected === 'goes on') {
          assert.match(reply, point === 'starttls' ? /^250-/ : /^235 /, what);
          if (point === 'starttls') assert.match(await client.ask(login), /^235 /, what);
          await handIn(client);
          assert.equal(storedWhole(fixture, undefined, what), undefined, what);
        } else {
          assert.match(reply, expected, what);
          if (expected === closed) assert.equal(await client.reply(), '', what);
          nothingStored(fixture, what);
          client.socket.destroy();
        }
        mend();
        await isWhole(fixture, what);
      }
    });
  }
}

test('no text of a plugin forges a reply to EHLO or AUTH', async (t) => {
  const { fixture, fail } = await secured(t);
  for (const point of ['starttls', 'auth'] as const) {
    fail(point, 'forges a reply');
    const client = await handshaken(fixture);
    assert.match(await asked(client, point), /^5\d\d (?:5\.7\.1 )?no 250 2\.0\.0 ok 221 bye$/, point);
    fail(point, 'forges a line of a reply');
    const other = await handshaken(fixture);
    const line = {
      starttls: /^250-see 550 5\.0\.0 no \r\n250-mx\.example\.org\r\n250-PIPELINING\r\n/,
      auth: /^235-2\.7\.0 see 550 5\.0\.0 no \r\n235 2\.7\.0 Authentication succeeded$/,
    };
    assert.match(await asked(other, point), line[point], point);
    for (const each of [client, other]) each.socket.destroy();
  }
});
