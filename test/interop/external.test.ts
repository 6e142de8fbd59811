// Users who log in by their certificate (EXTERNAL), with the programs that people use: curl and Python's smtplib.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort, Ground } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice } from '../../sim/neighbours/sluice.ts';
import { oddAuthority } from '../support/odd-certificates.ts';
import { destination, type Destination } from './mail.ts';

const user = 'joe@example.com';

interface Place {
  readonly ground: Ground;
  readonly mx: Destination;
  readonly sluice: Sluice;
  /** With STARTTLS, and with TLS from the first byte on. */
  readonly port: number;
  readonly implicit: number;
  /** Files with the key and the certificate of joe, of a user that the directory does not know, and of a stranger who says to be joe. */
  readonly joe: string;
  readonly unknown: string;
  readonly stranger: string;
}

async function place(ground: Ground): Promise<Place> {
  const mx = await destination(ground);
  const folder = ground.folder('files');
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const users = write('users.jsonl', `${JSON.stringify({ user })}\n`);
  const authority = oddAuthority();
  const pair = ({ chain, key }: { readonly chain: string; readonly key: string }) => chain + key;
  const [port, implicit] = [await freePort(), await freePort()];
  const login_ca = write('users-ca.pem', authority.certificate);
  const listener = (each: number, tls: string) => ({
    address: `127.0.0.1:${each}`,
    tls,
    auth: 'required',
    login_ca,
  });
  const sluice = await startSluice(ground, {
    port,
    config: {
      listen: [listener(port, 'required'), listener(implicit, 'implicit')],
      directory: [{ name: 'own', kind: 'users', path: users }],
      login: { failure_delay: '0s' },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  return {
    ground,
    mx,
    sluice,
    port,
    implicit,
    joe: write('joe.pem', pair(authority.issue({ mail: [user], names: [] }))),
    unknown: write('sue.pem', pair(authority.issue({ mail: ['sue@example.com'], names: [] }))),
    stranger: write('stranger.pem', pair(oddAuthority().issue({ mail: [user], names: [] }))),
  };
}

/** Fails unless so many messages have arrived, each handed in by the user. */
async function arrived({ mx, sluice }: Place, count: number): Promise<void> {
  await mx.tally.arrived(count);
  const events = await sluice.logged('authenticated', count);
  assert.deepEqual(
    events.map(({ login, mechanism }) => [login, mechanism]),
    Array.from({ length: count }, () => [user, 'EXTERNAL']),
  );
}

const withoutCurl =
  !/^Protocols:.* smtps /mu.test(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '') &&
  'curl with smtps is not installed';

suite('curl logs in by a certificate', { skip: withoutCurl }, () => {
  test('under TLS from the first byte on and after STARTTLS, and by no other certificate', async (t) => {
    const here = await place(Ground.of(t));
    const message = join(here.ground.directory, 'message');
    writeFileSync(message, 'Subject: x\r\n\r\nHello\r\n');
    const curl = (certificate: string, as: string, url: string) =>
      here.ground.run('curl', [
        '--silent',
        '--show-error',
        '--verbose',
        '--insecure',
        '--ssl-reqd',
        '--cert',
        certificate,
        '--login-options',
        'AUTH=EXTERNAL',
        '--user',
        `${as}:`,
        '--mail-from',
        user,
        '--mail-rcpt',
        'b@far.test',
        '--upload-file',
        message,
        url,
      ]);
    await curl(here.joe, user, `smtps://127.0.0.1:${here.implicit}`);
    await curl(here.joe, user, `smtp://127.0.0.1:${here.port}`);
    await arrived(here, 2);
    const secure = `smtps://127.0.0.1:${here.implicit}`;
    await assert.rejects(curl(here.joe, 'boss@example.com', secure), /< 535 5\.7\.8/u);
    await assert.rejects(curl(here.unknown, 'sue@example.com', secure), /< 535 5\.7\.8/u);
    await assert.rejects(curl(here.stranger, user, secure), /ended with 67/u);
    assert.equal(here.mx.tally.messages, 2);
  });
});

const withoutPython =
  spawnSync('python3', ['-c', 'import smtplib, ssl'], { stdio: 'ignore' }).status !== 0 &&
  'python3 is not installed';

const python = `
import smtplib, ssl, sys
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
port, implicit, user, certificate = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
context.load_cert_chain(certificate)
for kind in ('starttls', 'implicit'):
    for name in ('', user):
        client = smtplib.SMTP_SSL('127.0.0.1', implicit, context=context) if kind == 'implicit' else smtplib.SMTP('127.0.0.1', port)
        if kind == 'starttls':
            client.starttls(context=context)
        client.ehlo()
        client.auth('EXTERNAL', lambda challenge=None: name)
        client.sendmail(user, ['b@far.test'], 'Subject: ' + kind + '\\r\\n\\r\\nHello\\r\\n')
        client.quit()
`;

suite("Python's smtplib logs in by a certificate", { skip: withoutPython }, () => {
  test('as the user whom it names, with and without a name', async (t) => {
    const here = await place(Ground.of(t));
    const given = [String(here.port), String(here.implicit), user, here.joe];
    await here.ground.run('python3', ['-c', python, ...given]);
    await arrived(here, 4);
  });
});
