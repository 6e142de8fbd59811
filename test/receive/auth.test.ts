// Log-ins over real sockets: what a user may do afterwards, what is refused before, and whose fault a failure is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goOn, type MailFacts, type SessionFacts, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { type Client, envelope, type Fixture, greeted, secured, start } from './fixture.ts';
import { turns } from './stage-fixture.ts';
import { selfSigned } from '../support/certificates.ts';

const directory = directoryOf({ login: 'joe@example.com', password: 'pencil' });
const mechanisms = ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'];
const auth = { directory, mechanisms, isRequired: false, hints: noHints };
const networks = ['10.0.0.0'];

function plain(login: string, password: string): string {
  return `AUTH PLAIN ${Buffer.from(`\0${login}\0${password}`).toString('base64')}\r\n`;
}

async function relays(client: Client): Promise<string> {
  await client.ask('MAIL FROM:<joe@example.com>\r\n');
  return client.ask('RCPT TO:<b@elsewhere.example>\r\n');
}

function lines(fixture: Fixture, event: string): Record<string, unknown>[] {
  return fixture.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['event'] === event);
}

test('who has logged in may send to any domain, and the message says so', async (t) => {
  const fixture = await start(t, { auth, networks, tls: 'offered' });
  const client = await secured(fixture);
  assert.match(await relays(client), /^550 5\.7\.1/);
  await client.ask('RSET\r\n');
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235 2\.7\.0/);
  assert.match(await relays(client), /^250/);
  await client.ask('RSET\r\n');
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  assert.match(fixture.spool.kept[0]?.content ?? '', / with ESMTPSA\r\n/);
  assert.deepEqual(
    lines(fixture, 'authenticated').map(({ login, mechanism, client: address }) => [
      login,
      mechanism,
      address,
    ]),
    [['joe@example.com', 'PLAIN', '127.0.0.1']],
  );
  assert.equal(lines(fixture, 'received')[0]?.['login'], 'joe@example.com');
});

test('the principal is a fact of stages, and a stage may refuse the user', async (t) => {
  const seen: unknown[] = [];
  const picky: Stage = {
    name: 'picky',
    auth: ({ principal, client }: SessionFacts): Verdict | Promise<Verdict> => {
      seen.push([principal, client.mayRelay]);
      const reply = { code: 535, enhanced: '5.7.1', text: 'Not today' };
      return Promise.resolve<Verdict>(seen.length === 1 ? { kind: 'reject', reply } : goOn);
    },
    mail: ({ principal }: MailFacts): Verdict => {
      seen.push(principal);
      return goOn;
    },
  };
  const fixture = await start(t, { auth, networks, tls: 'offered', stages: [{ stage: picky }] });
  const client = await secured(fixture);
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^535 5\.7\.1 Not today/);
  assert.match(await relays(client), /^550 5\.7\.1/);
  await client.ask('RSET\r\n');
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235/);
  assert.match(await relays(client), /^250/);
  const joe = ['joe@example.com', true];
  assert.deepEqual(seen, [joe, undefined, joe, 'joe@example.com']);
});

test('a wrong password is 535 and an unknown user the same, and after three the session ends', async (t) => {
  const fixture = await start(t, { auth, networks, tls: 'offered' });
  const client = await secured(fixture);
  const first = await client.ask(plain('joe@example.com', 'pen'));
  assert.match(first, /^535 5\.7\.8 Authentication failed/);
  assert.equal(await client.ask(plain('eve@example.com', 'pen')), first);
  assert.match(
    await client.ask(plain('eve@example.com', 'pencil')),
    /^421 4\.7\.0 mx\.example\.org Too many failed/,
  );
  assert.equal(await client.reply(), '');
  assert.equal(lines(fixture, 'authenticationFailed').length, 3);
});

test('a directory that is away is 454, and the session goes on', async (t) => {
  const fixture = await start(t, { auth, networks, tls: 'offered' });
  const client = await secured(fixture);
  for (let i = 0; i < 4; i++) assert.match(await client.ask(plain('down', 'pencil')), /^454 4\.7\.0/);
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235/);
});

test('where a log-in is required, no mail is taken without one or a certificate', async (t) => {
  const own = selfSigned({ names: ['device.example'] });
  const fixture = await start(t, {
    auth: { ...auth, isRequired: true },
    networks: ['127.0.0.0'],
    tls: 'offered',
    relayCertificates: [own.fingerprint],
  });
  const client = await secured(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^530 5\.7\.0 Authentication required/);
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235/);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  const device = await greeted(fixture);
  assert.match(await device.ask('STARTTLS\r\n'), /^220/);
  await device.secure({ key: own.key, cert: own.certificate });
  await device.ask('EHLO device.example\r\n');
  assert.match(await relays(device), /^250/);
});

test('a client that has gone in the middle of a log-in leaves nothing behind', async (t) => {
  const asked = Promise.withResolvers<() => void>();
  const checkPassword = () =>
    new Promise<never>((_, fail) => asked.resolve(() => fail(new Error('the link broke'))));
  const fixture = await start(t, {
    auth: { ...auth, directory: { ...directory, checkPassword } },
    networks,
    tls: 'offered',
  });
  const client = await secured(fixture);
  client.send(plain('joe@example.com', 'pencil'));
  const answer = await asked.promise;
  client.socket.destroy();
  answer();
  while (fixture.receiver.connections > 0) await turns();
});

test('a banned user gets 454, and a banned client 421 and no more', async (t) => {
  const banned = (kind: 'user' | 'client') => ({
    kind: 'banned' as const,
    ban: { kind, target: 'somebody', remainingMs: 1_000 },
  });
  const checkPassword = ({ login }: { readonly login: string }) =>
    Promise.resolve(banned(login === 'joe@example.com' ? 'user' : 'client'));
  const fixture = await start(t, {
    auth: { ...auth, directory: { ...directory, checkPassword } },
    networks,
    tls: 'offered',
  });
  const client = await secured(fixture);
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^454 4\.7\.0 Too many failed log-ins,/);
  assert.match(await client.ask('NOOP\r\n'), /^250/);
  assert.match(
    await client.ask(plain('eve@example.com', 'pencil')),
    /^421 4\.7\.0 mx\.example\.org Too many failed log-ins from your address/,
  );
  assert.equal(await client.reply(), '');
});

test('STARTTLS forgets who has logged in before it', async (t) => {
  const fixture = await start(t, { auth: { ...auth, inClear: ['PLAIN'] }, networks, tls: 'offered' });
  const client = await greeted(fixture);
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235/);
  assert.match(await client.ask('STARTTLS\r\n'), /^220/);
  await client.secure();
  await client.ask('EHLO client.example\r\n');
  assert.match(await relays(client), /^550 5\.7\.1/);
  await client.ask('RSET\r\n');
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235/);
});

test('addresses without a domain get that of the user, and what is missing in the header is added', async (t) => {
  const fixture = await start(t, { auth, networks, tls: 'offered', completesMail: true });
  const client = await secured(fixture);
  assert.match(await client.ask('MAIL FROM:<joe>\r\n'), /^5/);
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235/);
  assert.match(await client.ask('MAIL FROM:<joe>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<eve>\r\n'), /^250/);
  await client.ask('DATA\r\n');
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  const [kept] = fixture.spool.kept;
  assert.match(kept?.content ?? '', /^Date: .*\r\n/m);
  assert.match(kept?.content ?? '', /^Message-ID: <.*>\r\n/im);
  const [received] = lines(fixture, 'received');
  assert.deepEqual([received?.['from'], received?.['to']], ['joe@example.com', ['eve@example.com']]);
});
