// Users who log in by tokens of OAuth 2, with the programs that people use: curl and Python's smtplib, by OAUTHBEARER and XOAUTH2. The issuer is a
// server on loopback with keys of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort, Ground } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice } from '../../sim/neighbours/sluice.ts';
import { startIssuer, type TestIssuer, testKey } from '../support/token-issuer.ts';
import { destination, type Destination } from './mail.ts';

const user = 'joe@example.com';
const key = testKey('RS256', 'one');

interface Place {
  readonly ground: Ground;
  readonly mx: Destination;
  readonly sluice: Sluice;
  readonly issuer: TestIssuer;
  /** With STARTTLS, and with TLS from the first byte on. */
  readonly port: number;
  readonly implicit: number;
}

async function place(
  ground: Ground,
  mechanisms: readonly string[] = ['OAUTHBEARER', 'XOAUTH2'],
  isAsked = false,
): Promise<Place> {
  const mx = await destination(ground);
  const issuer = await startIssuer();
  ground.atEnd(() => issuer.close());
  issuer.set('/.well-known/openid-configuration', { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` });
  issuer.set('/keys', { keys: [key.jwk] });
  const file = join(ground.folder('directory'), 'users.jsonl');
  writeFileSync(file, `${JSON.stringify({ user })}\n`);
  const secret = join(ground.directory, 'secret');
  writeFileSync(secret, 'a secret\n', { mode: 0o600 });
  const asks = {
    introspection_url: `${issuer.url}/introspect`,
    client_id: 'sluice',
    client_secret_file: secret,
    cache_time: '0s',
  };
  const how = isAsked ? asks : { audience: ['mail'], scopes: ['mail.send'] };
  const [port, implicit] = [await freePort(), await freePort()];
  const listener = (each: number, tls: string) => ({ address: `127.0.0.1:${each}`, tls, auth: 'required' });
  const sluice = await startSluice(ground, {
    port,
    config: {
      listen: [listener(port, 'required'), listener(implicit, 'implicit')],
      directory: [{ name: 'own', kind: 'users', path: file }],
      token_issuer: [{ name: 'test', issuer: issuer.url, ...how }],
      login: { mechanisms, failure_delay: '0s' },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  return { ground, mx, sluice, issuer, port, implicit };
}

function tokenOf({ issuer }: Place, more: object = {}): string {
  const exp = Math.floor(Date.now() / 1000) + 300;
  return key.token({ iss: issuer.url, aud: 'mail', scope: 'openid mail.send', email: user, exp, ...more });
}

/** Fails unless so many messages have arrived, each handed in by the user with its mechanism. */
async function arrived({ mx, sluice }: Place, mechanisms: readonly string[]): Promise<void> {
  await mx.tally.arrived(mechanisms.length);
  const events = await sluice.logged('authenticated', mechanisms.length);
  assert.deepEqual(
    events.map(({ login, mechanism }) => [login, mechanism]),
    mechanisms.map((mechanism) => [user, mechanism]),
  );
}

const withoutCurl =
  !/^Protocols:.* smtps /mu.test(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '') &&
  'curl with smtps is not installed';

function curl({ ground }: Place, token: string, url: string): Promise<string> {
  const message = join(ground.directory, 'message');
  writeFileSync(message, 'Subject: x\r\n\r\nHello\r\n');
  const from = ['--user', user, '--oauth2-bearer', token, '--mail-from', user, '--mail-rcpt', 'b@far.test'];
  const how = ['--silent', '--show-error', '--verbose', '--insecure', '--ssl-reqd'];
  return ground.run('curl', [...how, ...from, '--upload-file', message, url]);
}

suite('curl logs in by a token', { skip: withoutCurl }, () => {
  for (const mechanism of ['OAUTHBEARER', 'XOAUTH2'])
    test(`with ${mechanism}, under TLS from the first byte on and after STARTTLS`, async (t) => {
      // Where both are offered, it takes OAUTHBEARER whatever it is told.
      const here = await place(Ground.of(t), [mechanism]);
      await curl(here, tokenOf(here), `smtps://127.0.0.1:${here.implicit}`);
      await curl(here, tokenOf(here), `smtp://127.0.0.1:${here.port}`);
      await arrived(here, [mechanism, mechanism]);
      // With XOAUTH2, it hangs up at the explanation.
      const refusal = mechanism === 'XOAUTH2' ? /< 334 eyJzdGF0dXMi/u : /< 535 5\.7\.8 Authentication/u;
      for (const bad of [tokenOf(here, { exp: 1_700_000_000 }), tokenOf(here, { email: 'sue@example.com' })])
        await assert.rejects(curl(here, bad, `smtps://127.0.0.1:${here.implicit}`), refusal);
      const failed = await here.sluice.logged('authenticationFailed', 2);
      assert.deepEqual(
        failed.map(({ login, mechanism: by, reason }) => [login, by, reason]),
        [
          [user, mechanism, 'the token has expired'],
          [user, mechanism, 'the token names sue@example.com, and there is no such user'],
        ],
      );
    });

  test('that the issuer is asked about, which is a temporary error while it does not answer', async (t) => {
    const here = await place(Ground.of(t), ['OAUTHBEARER'], true);
    const secure = `smtps://127.0.0.1:${here.implicit}`;
    here.issuer.set('/introspect', (request, response, body) => {
      const isKnown =
        request.headers.authorization === `Basic ${Buffer.from('sluice:a+secret').toString('base64')}`;
      const active = isKnown && new URLSearchParams(body).get('token') === 'opaque';
      response.end(JSON.stringify(active ? { active, email: user } : { active: false }));
    });
    await curl(here, 'opaque', secure);
    await arrived(here, ['OAUTHBEARER']);
    await assert.rejects(curl(here, 'other', secure), /< 535 5\.7\.8 Authentication/u);
    here.issuer.set('/introspect', (_, response) => void response.writeHead(503).end());
    await assert.rejects(curl(here, 'opaque', secure), /< 454 4\.7\.0/u);
  });
});

const withoutPython =
  spawnSync('python3', ['-c', 'import smtplib, ssl'], { stdio: 'ignore' }).status !== 0 &&
  'python3 is not installed';

/** smtplib knows neither mechanism, and takes what answers challenges from outside. It sends what follows an explanation, too. */
const python = `
import smtplib, ssl, sys
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
port, implicit, user, token = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
messages = {
    'OAUTHBEARER': ('n,a=%s,\\x01host=127.0.0.1\\x01port=%d\\x01auth=Bearer %s\\x01\\x01', '\\x01'),
    'XOAUTH2': ('user=%s\\x01auth=Bearer %s\\x01\\x01', ''),
}
def connect(kind):
    client = smtplib.SMTP_SSL('127.0.0.1', implicit, context=context) if kind == 'implicit' else smtplib.SMTP('127.0.0.1', port)
    if kind == 'starttls':
        client.starttls(context=context)
    client.ehlo()
    return client
def log_in(client, name, token, initial):
    first, then = messages[name]
    text = first % ((user, port, token) if name == 'OAUTHBEARER' else (user, token))
    explanations = []
    def answer(challenge=None):
        if challenge:
            explanations.append(challenge.decode())
            return then
        return text
    try:
        client.auth(name, answer, initial_response_ok=initial)
    except smtplib.SMTPAuthenticationError as error:
        print('refused', name, error.smtp_code, *explanations)
for kind in ('starttls', 'implicit'):
    for name in messages:
        for initial in (True, False):
            client = connect(kind)
            log_in(client, name, token, initial)
            client.sendmail(user, ['b@far.test'], 'Subject: ' + kind + name + '\\r\\n\\r\\nHello\\r\\n')
            client.quit()
client = connect('implicit')
for name in messages:
    log_in(client, name, token[:-4] + 'AAAA', True)
log_in(client, 'XOAUTH2', token, True)
client.sendmail(user, ['b@far.test'], 'Subject: after\\r\\n\\r\\nHello\\r\\n')
client.quit()
`;

suite("Python's smtplib logs in by a token", { skip: withoutPython }, () => {
  test('with and without an initial response, and after a refusal with another token', async (t) => {
    const here = await place(Ground.of(t));
    const given = [String(here.port), String(here.implicit), user, tokenOf(here)];
    const said = await here.ground.run('python3', ['-c', python, ...given]);
    const discovery = `${here.issuer.url}/.well-known/openid-configuration`;
    assert.deepEqual(said.trim().split('\n'), [
      `refused OAUTHBEARER 535 {"status":"invalid_token","scope":"mail.send","openid-configuration":"${discovery}"}`,
      'refused XOAUTH2 535 {"status":"401","schemes":"bearer","scope":"mail.send"}',
    ]);
    const each = ['OAUTHBEARER', 'OAUTHBEARER', 'XOAUTH2', 'XOAUTH2'];
    await arrived(here, [...each, ...each, 'XOAUTH2']);
  });
});
