// Log-ins of outgoing connections, over real sockets: what may go over a connection without TLS, what is said when there is no secret, and
// what the manager hears.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { smtpHop } from '../../../src/route/next-hop.ts';
import type { ClientMechanismName } from '../../../src/sasl/client/client-mechanisms.ts';
import type { TokenCommand } from '../../../src/deliver/login/token-commands.ts';
import type { HopTlsPolicy } from '../../../src/values/tls-policy.ts';
import { cert, key } from '../certificate.ts';
import { delivered, fixture, type Fixture } from '../fixture.ts';
import type { Peer } from '../mail-server.ts';

const login = { credential: 'provider', id: 'provider~digest' };
const plain = Buffer.from('\0joe\0pencil').toString('base64');

interface Choice {
  readonly mechanisms?: readonly ClientMechanismName[];
  readonly isAllowedInClear?: boolean;
  readonly secret?: string;
  readonly command?: TokenCommand;
  readonly tls?: HopTlsPolicy;
}

/** A connection that has to log in, and the server's end of it. */
async function begun(
  t: TestContext,
  choice: Choice,
): Promise<{ readonly here: Fixture; readonly peer: Peer }> {
  const here = await fixture(t);
  const { context, sender, server, spool } = here;
  const {
    command,
    isAllowedInClear = false,
    mechanisms = ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'],
    secret,
  } = choice;
  const settings = { name: 'provider', user: 'joe', mechanisms, isAllowedInClear, command };
  const { secrets } = context.logins;
  if (secret !== undefined) secrets.use({ provider: { kind: 'secret', text: secret } });
  const credentials = new Map([[login.id, settings]]);
  sender.reconfigure({ ...context, logins: { ...context.logins, credentials } });
  const hop = { ...smtpHop('localhost', '127.0.0.1', server.port, 0), tls: choice.tls, login };
  const work = spool.add({ to: ['b@to.test'] });
  sender.connect({ connection: 1, site: 'relay:x', hop, source: '', work });
  return { here, peer: await server.accept() };
}

const noTls: HopTlsPolicy = {
  level: 'none',
  from: 'configuration',
  policyDomain: '',
  serverName: '',
  names: [],
  fingerprints: [],
  tlsa: [],
  implicit: false,
  needsRequireTls: false,
  settings: '',
};

/** What the manager hears of a log-in that has failed. */
async function failure(here: Fixture): Promise<unknown> {
  const report = await here.reports.next();
  assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
  return here.reports.logins.at(-1);
}

async function goodbye(peer: Peer): Promise<void> {
  await peer.dialogue(['QUIT', '221 bye']);
  await peer.closed;
}

test('a password goes over TLS, and the mail after it', async (t) => {
  const { here, peer } = await begun(t, { secret: 'pencil', mechanisms: ['PLAIN'] });
  await peer.hello('STARTTLS', 'AUTH PLAIN');
  await peer.dialogue(['STARTTLS', '220 go']);
  await peer.underTls({ cert, key });
  await peer.dialogue(
    ['EHLO sluice.test', '250-mx.test', '250 AUTH PLAIN'],
    [`AUTH PLAIN ${plain}`, '235 2.7.0 welcome'],
  );
  await peer.take('b@to.test');
  assert.deepEqual(await here.reports.next(), { kind: 'ready', connection: 1 });
  assert.deepEqual(await here.reports.next(), {
    kind: 'done',
    connection: 1,
    results: delivered,
    reusable: true,
  });
  assert.deepEqual(here.reports.mechanisms, ['PLAIN']);
});

test('without TLS the password stays here, although the server offers nothing else', async (t) => {
  const { here, peer } = await begun(t, { secret: 'pencil', tls: noTls });
  await peer.hello('AUTH PLAIN LOGIN');
  await goodbye(peer);
  assert.deepEqual(await failure(here), {
    credential: 'provider',
    reason:
      'AUTH: the server offers the mechanisms PLAIN, LOGIN, and credential "provider" allows SCRAM-SHA-256 on a connection without TLS',
    lack: 'refused',
  });
  assert.doesNotMatch(peer.received.toString(), /AUTH/u);
});

test('a credential that allows it sends the password without TLS', async (t) => {
  const { here, peer } = await begun(t, { secret: 'pencil', tls: noTls, isAllowedInClear: true });
  await peer.hello('AUTH PLAIN LOGIN');
  await peer.dialogue([`AUTH PLAIN ${plain}`, '235 2.7.0 welcome']);
  await peer.take('b@to.test');
  assert.deepEqual(await here.reports.next(), { kind: 'ready', connection: 1 });
});

test('without a secret nothing is sent, and the server is left in order', async (t) => {
  const { here, peer } = await begun(t, { tls: noTls });
  await peer.hello('AUTH SCRAM-SHA-256');
  await goodbye(peer);
  assert.deepEqual(await failure(here), {
    credential: 'provider',
    reason: 'credential "provider" cannot be used: it is being read',
    lack: 'no secret',
  });
});

const answers = [
  ['535 5.7.8 wrong', 'refused'],
  ['530 5.7.0 other', 'refused'],
  ['454 4.7.0 later', 'for now'],
] as const;

for (const [reply, lack] of answers)
  test(`the manager hears of ${reply.slice(0, 3)} as "${lack}"`, async (t) => {
    const { here, peer } = await begun(t, { secret: 'pencil', tls: noTls, isAllowedInClear: true });
    await peer.hello('AUTH PLAIN');
    await peer.dialogue([`AUTH PLAIN ${plain}`, reply]);
    await goodbye(peer);
    assert.deepEqual(await failure(here), {
      credential: 'provider',
      reason: `${reply} (in reply to AUTH)`,
      lack,
    });
  });

test('a server that hangs in the log-in is given up in time', async (t) => {
  const { here, peer } = await begun(t, { secret: 'pencil', tls: noTls, isAllowedInClear: true });
  await peer.hello('AUTH PLAIN');
  assert.equal(await peer.line(), `AUTH PLAIN ${plain}`);
  here.advance(here.context.settings.timeouts.heloMs + 1_000);
  assert.deepEqual(await failure(here), {
    credential: 'provider',
    reason: 'timed out while logging in',
    lack: 'for now',
  });
});

test('a token of a program is waited for, and after a refusal the program has to print another one', async (t) => {
  const command = { command: ['/bin/sh', '-c', 'echo token-$PPID'], useMs: 60_000 };
  const choice: Choice = { command, tls: noTls, isAllowedInClear: true, mechanisms: ['XOAUTH2'] };
  const { here, peer } = await begun(t, choice);
  const token = `token-${process.pid}`;
  await peer.hello('AUTH XOAUTH2');
  const said = Buffer.from(`user=joe\u0001auth=Bearer ${token}\u0001\u0001`).toString('base64');
  await peer.dialogue([`AUTH XOAUTH2 ${said}`, '334 eyJzdGF0dXMiOiI0MDEifQ=='], ['', '535 5.7.8 expired']);
  const forgotten: string[] = [];
  const { commands } = here.context.logins;
  commands.refused = (_command, refusedToken) => {
    forgotten.push(refusedToken);
    return Promise.resolve();
  };
  await goodbye(peer);
  await failure(here);
  assert.deepEqual(forgotten, [token]);
});

test('a program that prints no token is told to the manager', async (t) => {
  const command = { command: ['/bin/false'], useMs: 60_000 };
  const { here, peer } = await begun(t, {
    command,
    tls: noTls,
    isAllowedInClear: true,
    mechanisms: ['XOAUTH2'],
  });
  await peer.hello('AUTH XOAUTH2');
  await goodbye(peer);
  assert.deepEqual(await failure(here), {
    credential: 'provider',
    reason:
      'credential "provider" cannot be used: /bin/false ended with code 1; run it as the user of the senders to see more',
    lack: 'no token',
  });
});
