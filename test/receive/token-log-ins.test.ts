// Log-ins by tokens over real sockets: a refusal comes after an explanation, whatever the client answers to that.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Directory } from '../../src/directory/types.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { type Client, type Fixture, greeted, secured, start } from './fixture.ts';

const user = { address: 'joe@example.com', aliases: [], senders: [] };
const directory: Directory = {
  ...directoryOf({ login: user.address, password: 'pencil' }),
  checkToken: ({ token }) => {
    if (token === 'away') return Promise.resolve({ kind: 'failing', reason: 'the issuer is away' });
    return Promise.resolve(
      token === 'right' ? { kind: 'right', user } : { kind: 'wrong', reason: 'the token has expired' },
    );
  },
};
const hints = { scope: 'mail.send', discovery: undefined };
const mechanisms = ['PLAIN', 'OAUTHBEARER', 'XOAUTH2'];

function served(t: TestContext): Promise<Fixture> {
  return start(t, {
    auth: { directory, mechanisms, isRequired: false, hints },
    networks: ['10.0.0.0'],
    tls: 'offered',
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function bearer(token: string): string {
  return `AUTH OAUTHBEARER ${base64(`n,a=joe@example.com,\x01auth=Bearer ${token}\x01\x01`)}\r\n`;
}

const explained = `334 ${base64('{"status":"invalid_token","scope":"mail.send"}')}`;

async function failures({ log }: Fixture, count: number): Promise<void> {
  const lines = log.filter((line) => line.includes('"authenticationFailed"'));
  assert.equal(lines.length, count);
  assert.ok(lines.every((line) => !line.includes('Bearer')));
}

async function relays(client: Client): Promise<string> {
  await client.ask('MAIL FROM:<joe@example.com>\r\n');
  return client.ask('RCPT TO:<b@elsewhere.example>\r\n');
}

test('a right token logs in, and a wrong one does not, whatever the client answers to the explanation', async (t) => {
  const fixture = await served(t);
  for (const answer of ['AQ==', '', base64('n,,\x01auth=Bearer right\x01\x01')]) {
    const client = await secured(fixture);
    assert.equal(await client.ask(bearer('old')), explained);
    assert.match(await client.ask(`${answer}\r\n`), /^535 5\.7\.8 Authentication failed/);
    assert.match(await relays(client), /^550/);
    await client.ask('RSET\r\n');
    assert.match(await client.ask(bearer('right')), /^235/);
    assert.match(await relays(client), /^250/);
    client.socket.destroy();
  }
  await failures(fixture, 3);
});

test('a client that gives up at the explanation has failed all the same, and after three the session ends', async (t) => {
  const fixture = await served(t);
  const client = await secured(fixture);
  for (const giveUp of ['*', '!', '*']) {
    assert.equal(await client.ask(bearer('old')), explained);
    assert.match(await client.ask(`${giveUp}\r\n`), /^501/);
  }
  assert.match(await client.ask(bearer('right')), /^421 4\.7\.0/);
  assert.equal(await client.reply(), '');
  await failures(fixture, 3);
});

test('the third wrong token ends the session with its answer', async (t) => {
  const fixture = await served(t);
  const client = await secured(fixture);
  for (const code of ['535', '535', '421']) {
    assert.equal(await client.ask(bearer('old')), explained);
    assert.equal((await client.ask('AQ==\r\n')).slice(0, 3), code);
  }
});

test('an issuer that is away is 454, without an explanation', async (t) => {
  const client = await secured(await served(t));
  assert.match(await client.ask(bearer('away')), /^454 4\.7\.0/);
  assert.match(await client.ask('NOOP\r\n'), /^250/);
});

test('no token is taken in clear', async (t) => {
  const client = await greeted(await served(t));
  assert.match(await client.ask(bearer('right')), /^538 5\.7\.11/);
});

test('a token may be as long as a line of AUTH, and no longer', async (t) => {
  const client = await secured(await served(t));
  const longest = 12_288 - 'AUTH XOAUTH2 \r\n'.length;
  const frame = 'user=joe@example.com\x01auth=Bearer \x01\x01'.length;
  const xoauth2 = (bytes: number) =>
    `AUTH XOAUTH2 ${base64(`user=joe@example.com\x01auth=Bearer ${'x'.repeat(bytes - frame)}\x01\x01`)}\r\n`;
  const most = Math.floor(longest / 4) * 3;
  assert.match(await client.ask(xoauth2(most)), /^334 /);
  assert.match(await client.ask('\r\n'), /^535/);
  assert.match(await client.ask(xoauth2(most + 3)), /^500 /);
});
