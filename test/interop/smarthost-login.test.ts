// Log-ins of Sluice at other servers: at a Postfix with Dovecot's SASL, by each mechanism that it knows, with wrong and renewed secrets,
// by sender, and at another Sluice.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { withoutDovecot } from '../../sim/neighbours/dovecot.ts';
import { type DovecotSasl, startDovecotSasl } from '../../sim/neighbours/dovecot-sasl.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { type Postfix, startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { titleOf } from '../../sim/neighbours/process-tree.ts';
import {
  ownProcesses,
  type Sluice,
  type SluiceConfig,
  type SluiceEvent,
  startSluice,
} from '../../sim/neighbours/sluice.ts';
import { newPassword } from '../../src/password/new-password.ts';
import { makeAuthority } from '../support/certificates.ts';
import { startIssuer } from '../support/token-issuer.ts';
import { destination, type Destination, send } from './mail.ts';

const user = 'joe@smarthost.test';
const password = 'a long, "odd" = passwörd';
const serverName = 'smarthost.test';

interface Smarthost {
  readonly ground: Ground;
  /** Where it sends mail on. */
  readonly mx: Destination;
  readonly postfix: Postfix;
  readonly dovecot: DovecotSasl;
  /** A file with the authority that its certificate is from. */
  readonly authority: string;
}

/** Postfix, which takes mail only after a log-in under TLS. */
async function smarthost(
  ground: Ground,
  mechanisms: readonly string[],
  introspection?: string,
): Promise<Smarthost> {
  const mx = await destination(ground);
  const dovecot = await startDovecotSasl(ground, mechanisms, introspection);
  const issuer = makeAuthority();
  const leaf = issuer.issue({ names: [serverName] });
  const folder = ground.folder('certificates');
  const [authority, chain, key] = ['ca.pem', 'chain.pem', 'key.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(authority, issuer.certificate);
  writeFileSync(chain, leaf.chain);
  writeFileSync(key, leaf.key, { mode: 0o600 });
  const postfix = await startPostfix(ground, 'smarthost', {
    main: {
      mynetworks: '',
      relayhost: `[127.0.0.1]:${mx.port}`,
      smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
      smtpd_sender_restrictions: '',
      smtpd_sasl_auth_enable: 'yes',
      smtpd_sasl_type: 'dovecot',
      smtpd_sasl_path: dovecot.socket,
      smtpd_sasl_security_options: 'noanonymous',
      smtpd_tls_security_level: 'encrypt',
      smtpd_tls_auth_only: 'yes',
      smtpd_tls_cert_file: chain,
      smtpd_tls_key_file: key,
    },
  });
  return { ground, mx, postfix, dovecot, authority };
}

function secretFile(ground: Ground, name: string, secret: string): string {
  const path = join(ground.folder('secrets'), name);
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  return path;
}

/** Sluice, all of whose mail goes to the smarthost. */
function sluiceFor(
  { authority, ground, postfix }: Smarthost,
  credential: NonNullable<SluiceConfig['credential']>,
  names: readonly string[] = ['provider'],
): Promise<Sluice> {
  return startSluice(ground, {
    config: {
      receive: { relay_networks: ['127.0.0.0/8'] },
      credential,
      tls: [{ ca: authority, names: [serverName] }],
      route: [{ relay: [`127.0.0.1:${postfix.port}`], credential: names }],
    },
  });
}

async function handIn(sluice: Sluice, from: string): Promise<void> {
  const replies = await send(sluice.port, {
    from,
    to: ['b@far.test'],
    content: `Subject: from ${from}\r\n\r\nHello\r\n`,
  });
  assert.match(replies.at(-1) ?? '', /^250/u);
}

/** The log-ins in Postfix's log, `MECHANISM user`, once there are so many: another process writes it, later than mail arrives. */
async function logins({ postfix }: Smarthost, count: number): Promise<string[]> {
  const found = () => [...postfix.log().matchAll(/sasl_method=(\S+), sasl_username=(\S+)/gu)];
  const all = await until(`${count} log-ins`, () => found().length >= count && found());
  return all.map(([, mechanism = '', name = '']) => `${mechanism} ${name}`);
}

function failedLogins({ postfix }: Smarthost): number {
  return postfix.log().split('authentication failed').length - 1;
}

const skip = withoutPostfix() || withoutDovecot();

suite('Postfix with Dovecot as smarthost', { skip }, () => {
  test('takes log-ins by PLAIN, LOGIN and SCRAM-SHA-256, and by the strongest that both know', async (t) => {
    const here = await smarthost(Ground.of(t), ['plain', 'login', 'scram-sha-256']);
    here.dovecot.users({ [user]: password });
    const file = secretFile(here.ground, 'password', password);
    const names = ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'best'];
    const credential = names.map((name) => ({
      name,
      user,
      password_file: file,
      sender: [`${name.toLowerCase()}@from.test`],
      ...(name !== 'best' && { mechanisms: [name] }),
    }));
    const sluice = await sluiceFor(here, credential, names);
    for (const [at, name] of names.entries()) {
      await handIn(sluice, `${name.toLowerCase()}@from.test`);
      await here.mx.tally.arrived(at + 1);
    }
    assert.deepEqual(await logins(here, 4), [
      `PLAIN ${user}`,
      `LOGIN ${user}`,
      `SCRAM-SHA-256 ${user}`,
      `SCRAM-SHA-256 ${user}`,
    ]);
    const explained = await sluice.cli('explain', 'b@far.test', '--sender', 'best@from.test');
    assert.match(explained, /LAST LOG-IN\n\S+ +best +SCRAM-SHA-256, \d+s ago/u);
    assert.doesNotMatch(
      JSON.stringify(await sluice.whole()) + explained,
      new RegExp(RegExp.escape(password), 'u'),
    );
  });

  test('refuses a wrong password: the mail waits, the host is left alone, and the right one is used at once', async (t) => {
    const here = await smarthost(Ground.of(t), ['plain', 'scram-sha-256']);
    here.dovecot.users({ [user]: password });
    const file = secretFile(here.ground, 'password', 'Wrong-Password-1');
    const sluice = await sluiceFor(here, [{ name: 'provider', user, password_file: file }]);
    await handIn(sluice, 'a@from.test');
    await sluice.logged('deferred');
    await handIn(sluice, 'a@from.test');
    await handIn(sluice, 'c@from.test');
    await assert.rejects(sluice.cli('login', 'check', 'provider'), /provider +fails: 535 /u);
    const status = await sluice.shows(/refuses the log-in with the credential "provider": 535 /u, 'status');
    assert.match(status, /Correct the user or the secret/u);
    const explained = await sluice.cli('explain', 'b@far.test');
    assert.match(explained, /with the credential "provider" rests until /u);
    assert.match(explained, /provider +failed: 535 /u);
    await until('Postfix tells of that of Sluice, and of the command', () => failedLogins(here) === 2);
    const isWarning = ({ code }: SluiceEvent): boolean => code === 'LOGIN_REFUSED';
    await sluice.logged(isWarning);
    writeFileSync(file, `${password}\n`);
    assert.match(await sluice.cli('login', 'check'), /provider +logs in by SCRAM-SHA-256/u);
    await here.mx.tally.arrived(3);
    assert.deepEqual(new Set(await logins(here, 1)), new Set([`SCRAM-SHA-256 ${user}`]));
    await until(
      'the trouble is over',
      async () => !(await sluice.cli('status')).includes('refuses the log-in'),
    );
    const all = await sluice.whole();
    assert.equal(all.filter((line) => isWarning(line)).length, 1);
    assert.doesNotMatch(JSON.stringify(all) + status + explained, /Wrong-Password-1/u);
    assert.deepEqual(
      all.filter(({ event }) => event === 'bounced' || event === 'expired'),
      [],
    );
  });

  test('takes the log-in that a line of authsenders wants, by the credential with its user', async (t) => {
    const here = await smarthost(Ground.of(t), ['plain']);
    const { ground, authority, postfix } = here;
    here.dovecot.users({ [user]: password });
    const table = secretFile(
      ground,
      'authsenders',
      `one@from.test:127.0.0.1;${postfix.port}|${user}|Table-Password\ntwo@from.test:127.0.0.1;${postfix.port}|other|Table-Password`,
    );
    const sluice = await startSluice(ground, {
      config: {
        receive: { relay_networks: ['127.0.0.0/8'] },
        credential: [{ name: 'provider', user, password_file: secretFile(ground, 'password', password) }],
        tls: [{ ca: authority, names: [serverName] }],
        table: [{ name: 'authsenders', path: table, kind: 'smtproutes' }],
        route_table: [{ table: 'authsenders', form: 'authsenders' }],
      },
    });
    await handIn(sluice, 'one@from.test');
    await here.mx.tally.arrived(1);
    assert.deepEqual(await logins(here, 1), [`PLAIN ${user}`]);
    await handIn(sluice, 'two@from.test');
    const list = async () => sluice.cli('queue', 'list');
    await until('it waits', async () => (await list()).includes('no [[credential]] has this user'));
    const explained = await sluice.cli('explain', 'b@far.test', '--sender', 'one@from.test');
    assert.match(explained, /with the \[\[credential\]\] provider \(the table authsenders says so\)/u);
    const told = `${explained}${await list()}${JSON.stringify(await sluice.whole())}`;
    assert.doesNotMatch(told, /Table-Password/u);
  });

  for (const [mechanism, dovecots] of [
    ['OAUTHBEARER', 'oauthbearer'],
    ['XOAUTH2', 'xoauth2'],
  ] as const)
    test(`takes tokens by ${mechanism}, from a file that is read again when the token is another one`, async (t) => {
      const ground = Ground.of(t);
      const issuer = await startIssuer();
      ground.atEnd(() => issuer.close());
      const right = `right.${'x'.repeat(900)}`;
      issuer.set('/introspect', (_request, response, body) => {
        const answer = body.includes(right) ? { active: true, username: user } : { active: false };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
      const here = await smarthost(ground, [dovecots], `${issuer.url}/introspect`);
      const file = secretFile(ground, 'token', 'an-expired-token');
      const sluice = await sluiceFor(here, [{ name: 'provider', user, token_file: file }]);
      await handIn(sluice, 'a@from.test');
      await sluice.logged('deferred');
      writeFileSync(file, `${right}\n`);
      await here.mx.tally.arrived(1);
      assert.deepEqual(await logins(here, 1), [`${mechanism} ${user}`]);
      assert.doesNotMatch(JSON.stringify(await sluice.whole()), /an-expired-token/u);
    });

  test('gets no mail without the log-in, and none of one credential over a connection of another', async (t) => {
    const here = await smarthost(Ground.of(t), ['plain']);
    here.dovecot.users({ [user]: password, 'shop@smarthost.test': 'Shop-1' });
    const credential = [
      { name: 'rest', user, password_file: secretFile(here.ground, 'rest', password) },
      {
        name: 'shop',
        user: 'shop@smarthost.test',
        password_file: secretFile(here.ground, 'shop', 'Shop-1'),
        sender: ['shop.test'],
      },
    ];
    const sluice = await sluiceFor(here, credential, ['rest', 'shop']);
    for (let at = 0; at < 10; at++) await handIn(sluice, at % 2 === 0 ? 'a@shop.test' : 'a@rest.test');
    await here.mx.tally.arrived(10);
    assert.equal((await logins(here, 10)).length, 10);
    const log = here.postfix.log();
    const wrong = [...log.matchAll(/(\w+): client=[^\n]*sasl_username=(\S+)/gu)].filter(
      ([, id = '', name = '']) => {
        const [, from = ''] = new RegExp(`${id}: from=<([^>]*)>`, 'u').exec(log) ?? [];
        return (from === 'a@shop.test') !== (name === 'shop@smarthost.test');
      },
    );
    assert.deepEqual(wrong, []);
  });
});

/** A Sluice that takes mail of its users only. */
async function submissionServer(ground: Ground): Promise<{
  readonly sluice: Sluice;
  readonly port: number;
  readonly mx: Destination;
}> {
  const mx = await destination(ground);
  const users = join(ground.folder('directory'), 'users.jsonl');
  writeFileSync(users, `${JSON.stringify({ user, ...newPassword(password) })}\n`);
  const port = await freePort();
  const sluice = await startSluice(ground, {
    directory: ground.folder('smarthost'),
    port,
    config: {
      listen: [{ address: `127.0.0.1:${port}`, tls: 'required', auth: 'required' }],
      directory: [{ name: 'own', kind: 'users', path: users }],
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  return { sluice, port, mx };
}

suite('Sluice as smarthost', () => {
  test('takes a log-in of Sluice by SCRAM-SHA-256-PLUS, bound to the TLS connection', async (t) => {
    const ground = Ground.of(t);
    const inside = await submissionServer(ground);
    const outside = await startSluice(ground, {
      config: {
        ...ownProcesses,
        receive: { relay_networks: ['127.0.0.0/8'] },
        credential: [{ name: 'inside', user, password_env: 'INSIDE_PASSWORD' }],
        route: [{ relay: [`127.0.0.1:${inside.port}`], credential: 'inside', tls: 'required' }],
      },
      env: { INSIDE_PASSWORD: password },
    });
    await handIn(outside, user);
    await inside.mx.tally.arrived(1);
    const [found] = await inside.sluice.logged('authenticated');
    assert.deepEqual([found?.['login'], found?.['mechanism']], [user, 'SCRAM-SHA-256-PLUS']);
    for (const pid of outside.pids().slice(1)) {
      assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /INSIDE_PASSWORD/u, titleOf(pid));
    }
  });

  test('wants a log-in, and there is no credential: the mail waits, and people are told why', async (t) => {
    const ground = Ground.of(t);
    const inside = await submissionServer(ground);
    const config = {
      receive: { relay_networks: ['127.0.0.0/8'] },
      route: [{ relay: [`127.0.0.1:${inside.port}`] }],
    };
    const outside = await startSluice(ground, { config });
    await handIn(outside, user);
    const [deferred] = await outside.logged('deferred');
    assert.match(String(deferred?.['reply']), /^530 5\.7\.0 /u);
    await outside.shows(/takes mail after a log-in only, and the route there has no credential/u, 'status');
    assert.match(
      await outside.cli('explain', 'b@far.test'),
      /none +failed: the host wants a log-in, and the route has no \[\[credential\]\] for this mail/u,
    );
    outside.configure({
      ...config,
      credential: [{ name: 'inside', user, password_file: secretFile(ground, 'password', password) }],
      route: [{ ...config.route[0], credential: 'inside', tls: 'required' }],
    });
    await outside.cli('reload');
    await outside.cli('queue', 'retry', '--all');
    await inside.mx.tally.arrived(1);
    await until(
      'the trouble is over',
      async () => !(await outside.cli('status')).includes('after a log-in only'),
    );
  });
});
