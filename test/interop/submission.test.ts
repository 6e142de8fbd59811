// Users who hand in mail with the programs that people use: swaks, Python's smtplib, curl and Postfix, with every mechanism that each
// knows and Sluice offers.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice, type Sluice } from '../../sim/neighbours/sluice.ts';
import { newPassword } from '../../src/password/new-password.ts';
import { destination, type Destination, send } from './mail.ts';
import { withoutSwaks } from './swaks.ts';

const user = 'joe@example.com';
const password = 'a long, "odd" passwörd';

interface Place {
  readonly ground: Ground;
  readonly mx: Destination;
  readonly sluice: Sluice;
  /** With STARTTLS; `implicit` has TLS from the first byte on, and `clear` allows log-ins without it. */
  readonly port: number;
  readonly implicit: number;
  readonly clear: number;
}

/** @param login - keys of [login]. @param hasSecret - for SCRAM, beside the hash */
async function place(ground: Ground, login: object = {}, hasSecret = true): Promise<Place> {
  const mx = await destination(ground);
  const file = join(ground.folder('directory'), 'users.jsonl');
  const { scram, ...stored } = newPassword(password);
  writeFileSync(
    file,
    hasSecret ? `${JSON.stringify({ user, ...stored, scram })}\n` : `${user}:${stored.password}\n`,
  );
  const [port, implicit, clear] = [await freePort(), await freePort(), await freePort()];
  const listener = (each: number, tls: string) => ({
    address: `127.0.0.1:${each}`,
    tls,
    auth: 'required',
  });
  const sluice = await startSluice(ground, {
    port,
    config: {
      listen: [listener(port, 'required'), listener(implicit, 'implicit'), listener(clear, 'offered')],
      directory: [{ name: 'own', kind: hasSecret ? 'users' : 'passwd', path: file }],
      login: { mechanisms_in_clear: ['PLAIN', 'LOGIN', 'SCRAM-SHA-256'], ...login },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  return { ground, mx, sluice, port, implicit, clear };
}

/** Fails unless so many messages have arrived, each handed in by the user with its mechanism. */
async function arrived({ mx, sluice }: Place, mechanisms: readonly string[]): Promise<void> {
  await mx.tally.arrived(mechanisms.length);
  const events = await sluice.logged('authenticated', mechanisms.length);
  assert.deepEqual(
    events.map(({ login, mechanism }) => [login, mechanism]),
    mechanisms.map((mechanism) => [user, mechanism]),
  );
  assert.deepEqual(
    new Set(mx.messages.map(({ content }) => / with ESMTPS?A[\r ]/u.test(content.toString()))),
    new Set([true]),
  );
}

suite('swaks logs in', { skip: withoutSwaks() }, () => {
  for (const mechanism of ['PLAIN', 'LOGIN'])
    test(`by ${mechanism}, with STARTTLS, TLS from the first byte on, and in clear`, async (t) => {
      const here = await place(Ground.of(t));
      const as = ['--auth', mechanism, '--auth-user', user, '--from', user, '--to', 'b@far.test'];
      const swaks = (given: string, port: number, ...more: string[]) =>
        here.ground.run('swaks', [
          '--server',
          '127.0.0.1',
          '--port',
          String(port),
          ...as,
          '--auth-password',
          given,
          ...more,
        ]);
      await swaks(password, here.port, '--tls');
      await swaks(password, here.implicit, '--tls-on-connect');
      await swaks(password, here.clear);
      await arrived(here, [mechanism, mechanism, mechanism]);
      await assert.rejects(swaks('wrong', here.port, '--tls'), /<~\* 535 5\.7\.8 Authentication failed/u);
    });
});

const withoutPython =
  spawnSync('python3', ['-c', 'import smtplib, ssl'], { stdio: 'ignore' }).status !== 0 &&
  'python3 is not installed';

const python = `
import os, smtplib, ssl, sys
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
port, implicit = int(sys.argv[1]), int(sys.argv[2])
for kind in ('starttls', 'implicit'):
    for name in ('PLAIN', 'LOGIN', 'choose'):
        client = smtplib.SMTP_SSL('127.0.0.1', implicit, context=context) if kind == 'implicit' else smtplib.SMTP('127.0.0.1', port)
        if kind == 'starttls':
            client.starttls(context=context)
        client.ehlo()
        client.user, client.password = sys.argv[3], sys.argv[4]
        if name == 'choose':
            client.login(client.user, client.password)
        else:
            client.auth(name, getattr(client, 'auth_' + name.lower()))
        client.sendmail(client.user, ['b@far.test'], 'Subject: ' + kind + name + '\\r\\n\\r\\nHello\\r\\n')
        client.quit()
try:
    client = smtplib.SMTP_SSL('127.0.0.1', implicit, context=context)
    client.login(sys.argv[3], 'wrong')
except smtplib.SMTPAuthenticationError as error:
    print('refused', error.smtp_code)
`;

suite("Python's smtplib logs in", { skip: withoutPython }, () => {
  test('by PLAIN, by LOGIN and by what it chooses, and tells of a wrong password', async (t) => {
    const here = await place(Ground.of(t));
    // It encodes names and passwords in ASCII alone.
    const file = join(here.ground.directory, 'directory/users.jsonl');
    writeFileSync(file, `${JSON.stringify({ user, ...newPassword('plain words') })}\n`);
    await until('the new password is known', async () =>
      here.ground
        .run(
          process.execPath,
          [
            join(import.meta.dirname, '../../bin/sluice.js'),
            'user',
            'test',
            user,
            '--config',
            here.sluice.configFile,
          ],
          { input: 'plain words\n' },
        )
        .then(
          () => true,
          () => false,
        ),
    );
    const said = await here.ground.run('python3', [
      '-c',
      python,
      String(here.port),
      String(here.implicit),
      user,
      'plain words',
    ]);
    assert.match(said, /refused 535/u);
    await arrived(here, ['PLAIN', 'LOGIN', 'PLAIN', 'PLAIN', 'LOGIN', 'PLAIN']);
  });
});

const withoutCurl =
  !/^Protocols:.* smtps /mu.test(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '') &&
  'curl with smtps is not installed';

suite('curl logs in', { skip: withoutCurl }, () => {
  test('by PLAIN and LOGIN, under TLS from the first byte on and after STARTTLS', async (t) => {
    const here = await place(Ground.of(t));
    const message = join(here.ground.directory, 'message');
    writeFileSync(message, 'Subject: x\r\n\r\nHello\r\n');
    const curl = (url: string, mechanism: string) =>
      here.ground.run('curl', [
        '--silent',
        '--show-error',
        '--insecure',
        '--ssl-reqd',
        '--login-options',
        `AUTH=${mechanism}`,
        '--user',
        `${user}:${password}`,
        '--mail-from',
        user,
        '--mail-rcpt',
        'b@far.test',
        '--upload-file',
        message,
        url,
      ]);
    await curl(`smtps://127.0.0.1:${here.implicit}`, 'PLAIN');
    await curl(`smtp://127.0.0.1:${here.port}`, 'LOGIN');
    await arrived(here, ['PLAIN', 'LOGIN']);
  });
});

suite('Postfix logs in', { skip: withoutPostfix() }, () => {
  for (const mechanism of ['plain', 'login', 'scram-sha-256'])
    test(`by ${mechanism}, and sends as its user alone`, async (t) => {
      const here = await place(Ground.of(t));
      const passwords = join(here.ground.directory, 'passwords');
      writeFileSync(passwords, `[127.0.0.1]:${here.port} ${user}:${password}\n`);
      const postfix = await startPostfix(here.ground, 'postfix', {
        main: {
          relayhost: `[127.0.0.1]:${here.port}`,
          smtp_tls_security_level: 'encrypt',
          smtp_sasl_auth_enable: 'yes',
          smtp_sasl_password_maps: `texthash:${passwords}`,
          smtp_sasl_security_options: 'noanonymous',
          smtp_sasl_mechanism_filter: mechanism,
        },
      });
      await send(postfix.port, { from: user, to: ['b@far.test'], content: 'Subject: x\r\n\r\nHello\r\n' });
      await arrived(here, [mechanism.toUpperCase()]);
      await send(postfix.port, {
        from: 'boss@example.com',
        to: ['b@far.test'],
        content: 'Subject: y\r\n\r\nHello\r\n',
      });
      await until('Sluice has refused the sender', () =>
        postfix.log().includes('553 5.7.1 You have logged in, but may not send from this address'),
      );
      assert.equal(here.mx.tally.messages, 1);
    });

  /** Postfix that chooses the mechanism by itself has handed in a message. */
  async function sendByBest(t: TestContext, here: Place) {
    const passwords = join(here.ground.directory, 'passwords');
    writeFileSync(passwords, `[127.0.0.1]:${here.port} ${user}:${password}\n`);
    const postfix = await startPostfix(Ground.of(t), 'postfix', {
      main: {
        relayhost: `[127.0.0.1]:${here.port}`,
        smtp_tls_security_level: 'encrypt',
        smtp_sasl_auth_enable: 'yes',
        smtp_sasl_password_maps: `texthash:${passwords}`,
        smtp_sasl_security_options: 'noanonymous',
      },
    });
    await send(postfix.port, { from: user, to: ['b@far.test'], content: 'Subject: x\r\n\r\nHello\r\n' });
    return postfix;
  }

  test('by what it chooses, where users have no secret for SCRAM', async (t) => {
    const here = await place(Ground.of(t), {}, false);
    await sendByBest(t, here);
    await here.mx.tally.arrived(1);
    const [chosen] = await here.sluice.logged('authenticated');
    assert.ok(['PLAIN', 'LOGIN'].includes(String(chosen?.['mechanism'])));
  });

  test('and does not go on with another mechanism when SCRAM is offered in vain', async (t) => {
    const here = await place(Ground.of(t), { mechanisms: ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'] }, false);
    const postfix = await sendByBest(t, here);
    await until('Postfix has given up', () => postfix.log().includes('535 5.7.8'));
    assert.ok(!(await here.sluice.whole()).some(({ event }) => event === 'authenticated'));
  });
});
