// Log-ins over real sockets: what a user may do afterwards, what is refused before, and whose fault a failure is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StillLoggedIn } from '../../src/directory/types.ts';
import { goOn, type MailFacts, type SessionFacts, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { AuthorRightsStage } from '../../src/policy/stages/author-rights-stage.ts';
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

test('the From field of a user who has logged in is looked at, and that of others is not', async (t) => {
  const stages = [{ stage: new AuthorRightsStage('own', '') }];
  const fixture = await start(t, {
    auth,
    networks: ['127.0.0.0'],
    tls: 'offered',
    stages,
    completesMail: true,
  });
  const client = await secured(fixture);
  const handIn = async (content: string): Promise<string> => {
    await envelope(client);
    return client.ask(`${content}\r\n.\r\n`);
  };
  assert.match(await handIn('From: eve@example.com\r\n\r\nhello'), /^250/);
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235/);
  assert.match(await handIn('From: eve@example.com\r\n\r\nhello'), /^550 5\.7\.1 .*From field/);
  assert.match(await handIn('From: joe@example.com\r\nFrom: eve@example.com\r\n\r\nhello'), /^550 5\.7\.1/);
  assert.match(await handIn('FROM : Joe\r\n <joe@example.com>\r\n\r\nhello'), /^250/);
  assert.equal(fixture.spool.kept.length, 2);
  // What is looked at leaves as it came, and is completed all the same.
  assert.match(
    fixture.spool.kept[1]?.content ?? '',
    /\r\nDate: [^\r]+\r\nMessage-ID: [^\r]+\r\nFROM : Joe\r\n <joe@example\.com>\r\n\r\nhello\r\n$/,
  );
});

test('what fails without a question about a password is counted for the client', async (t) => {
  const noted: string[] = [];
  const picky: Stage = {
    name: 'picky',
    auth: () => ({ kind: 'reject', reply: { code: 535, enhanced: '5.7.1', text: 'Not today' } }),
  };
  const noteFailure = (client: string) => {
    noted.push(client);
    return Promise.resolve({ kind: 'noted' as const });
  };
  const fixture = await start(t, {
    auth: { ...auth, directory: { ...directory, noteFailure } },
    networks,
    tls: 'offered',
    stages: [{ stage: picky }],
  });
  const failing: readonly (readonly [commands: readonly string[], reply: RegExp])[] = [
    [['AUTH PLAIN AAAA\r\n'], /^501 5\.5\.2/],
    [['AUTH LOGIN\r\n', '*\r\n'], /^501 5\.7\.0/],
    [['AUTH LOGIN\r\n', 'no base64!\r\n'], /^501 5\.5\.2/],
    [[`AUTH PLAIN ${Buffer.from('eve\0joe\0pencil').toString('base64')}\r\n`], /^535 5\.7\.8/],
    [
      [`AUTH SCRAM-SHA-256 ${Buffer.from('p=tls-unique,,n=joe,r=abc').toString('base64')}\r\n`],
      /^535 5\.7\.8/,
    ],
    [[plain('joe@example.com', 'pencil')], /^535 5\.7\.1 Not today/],
  ];
  for (const [commands, reply] of failing) {
    const client = await secured(fixture);
    const before = noted.length;
    let said = '';
    for (const command of commands) said = await client.ask(command);
    assert.match(said, reply);
    assert.deepEqual(noted.slice(before), ['127.0.0.1'], commands.join(''));
    client.socket.destroy();
  }
  // The directory has counted these by itself.
  const client = await secured(fixture);
  await client.ask(plain('joe@example.com', 'pen'));
  assert.equal(noted.length, failing.length);
});

test('a client that is banned hears so, whatever it does wrong', async (t) => {
  const ban = { kind: 'network' as const, target: '127.0.0.0/24', remainingMs: 1_000 };
  const noteFailure = () => Promise.resolve({ kind: 'banned' as const, ban });
  const fixture = await start(t, {
    auth: { ...auth, directory: { ...directory, noteFailure } },
    networks,
    tls: 'offered',
  });
  const client = await secured(fixture);
  assert.match(await client.ask('AUTH PLAIN AAAA\r\n'), /^421 4\.7\.0 .*from your address/);
});

test('a client that has gone while its failure is counted leaves nothing behind', async (t) => {
  const asked = Promise.withResolvers<() => void>();
  const noteFailure = () =>
    new Promise<{ readonly kind: 'noted' }>((resolve) => asked.resolve(() => resolve({ kind: 'noted' })));
  const fixture = await start(t, {
    auth: { ...auth, directory: { ...directory, noteFailure } },
    networks,
    tls: 'offered',
  });
  const client = await secured(fixture);
  client.send('AUTH PLAIN AAAA\r\n');
  const answer = await asked.promise;
  client.socket.destroy();
  answer();
  while (fixture.receiver.connections > 0) await turns();
});

test('before each message it is seen whether the log-in still holds', async (t) => {
  let answer: StillLoggedIn = { kind: 'failing', reason: 'the source is away' };
  const isStillLoggedIn = (): Promise<StillLoggedIn> => Promise.resolve(answer);
  const fixture = await start(t, {
    auth: { ...auth, directory: { ...directory, isStillLoggedIn } },
    networks,
    tls: 'offered',
  });
  const client = await secured(fixture);
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235/);
  assert.match(await client.ask('MAIL FROM:<joe@example.com>\r\n'), /^451 4\.3\.0/);
  answer = { kind: 'user', user: { address: 'joe@example.com', aliases: [], senders: [] } };
  assert.match(await relays(client), /^250/);
  await client.ask('RSET\r\n');
  answer = { kind: 'changed' };
  assert.match(await client.ask('MAIL FROM:<joe@example.com>\r\n'), /^421 4\.7\.0 .*log in again/);
  assert.equal(await client.reply(), '', 'the session is over');
});

test('a client that goes while its log-in is looked at leaves nothing behind', async (t) => {
  const { promise, resolve } = Promise.withResolvers<StillLoggedIn>();
  const fixture = await start(t, {
    auth: { ...auth, directory: { ...directory, isStillLoggedIn: () => promise } },
    networks,
    tls: 'offered',
  });
  const client = await secured(fixture);
  assert.match(await client.ask(plain('joe@example.com', 'pencil')), /^235/);
  client.send('MAIL FROM:<joe@example.com>\r\n');
  client.socket.destroy();
  resolve({ kind: 'user', user: { address: 'joe@example.com', aliases: [], senders: [] } });
  const next = await secured(fixture);
  assert.match(await next.ask('NOOP\r\n'), /^250/);
});
