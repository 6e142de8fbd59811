// EXTERNAL: who shows a certificate of a user may log in as that user, and nobody else may.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { CertificateLogin, Directory } from '../../src/directory/types.ts';
import { chainCertificate } from '../../src/tls/certificate-chain.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { oddAuthority, type OddLeaf } from '../support/odd-certificates.ts';
import { type Client, type Fixture, greeted, start } from './fixture.ts';

const authority = oddAuthority();
const anchor = chainCertificate(new X509Certificate(authority.certificate).raw, true);
const joe = authority.issue({ mail: ['joe@example.com'] });
const user = { address: 'joe@example.com', aliases: [], senders: [] };

async function served(t: TestContext, asked: CertificateLogin[] = [], more: object = {}): Promise<Fixture> {
  const directory: Directory = {
    ...directoryOf({ login: user.address, password: 'pencil' }),
    checkCertificate: (login) => {
      asked.push(login);
      const isJoe = login.names.includes(user.address) && ['', user.address].includes(login.login);
      return Promise.resolve(isJoe ? { kind: 'right', user } : { kind: 'wrong', reason: 'somebody else' });
    },
  };
  const mechanisms = ['SCRAM-SHA-256-PLUS', 'PLAIN', 'EXTERNAL'];
  return start(t, {
    auth: { directory, mechanisms, isRequired: true, hints: noHints },
    networks: ['10.0.0.0'],
    tls: 'offered',
    loginAuthorities: () => (anchor === undefined ? [] : [anchor]),
    ...more,
  });
}

/** A client under TLS, perhaps with a certificate, and the mechanisms that it is offered. */
async function connected(fixture: Fixture, leaf?: OddLeaf) {
  const client = await greeted(fixture);
  assert.match(await client.ask('STARTTLS\r\n'), /^220/);
  await client.secure(leaf === undefined ? {} : { key: leaf.key, cert: leaf.chain });
  const offered = /^250[- ]AUTH (.*?)\r?$/mu.exec(await client.ask('EHLO client.example\r\n'))?.[1];
  return { client, offered };
}

async function sends(client: Client): Promise<string> {
  return client.ask('MAIL FROM:<joe@example.com>\r\n');
}

test('it is offered to who shows a certificate of a user, and logs in as that user', async (t) => {
  const asked: CertificateLogin[] = [];
  const fixture = await served(t, asked);
  for (const [response, login] of [
    [' =', ''],
    [` ${Buffer.from('joe@example.com').toString('base64')}`, 'joe@example.com'],
    ['\r\n', ''],
  ] as const) {
    const { client, offered } = await connected(fixture, joe);
    assert.equal(offered, 'SCRAM-SHA-256-PLUS PLAIN EXTERNAL');
    // The certificate alone is no log-in, and gives no right to relay.
    assert.match(await sends(client), /^530 5\.7\.0/);
    if (response === '\r\n') assert.equal(await client.ask('AUTH EXTERNAL\r\n'), '334');
    assert.match(await client.ask(response === '\r\n' ? response : `AUTH EXTERNAL${response}\r\n`), /^235/);
    assert.match(await sends(client), /^250/);
    assert.match(await client.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^250/);
    assert.deepEqual(asked.at(-1), { login, names: ['joe@example.com'], client: '127.0.0.1' });
    client.socket.destroy();
  }
});

test('it is not offered without a certificate, with one of a stranger, or with one that names nobody', async (t) => {
  const asked: CertificateLogin[] = [];
  const fixture = await served(t, asked);
  for (const leaf of [
    undefined,
    oddAuthority().issue({ mail: ['joe@example.com'] }),
    authority.issue({ names: ['device.example'] }),
  ]) {
    const { client, offered } = await connected(fixture, leaf);
    assert.equal(offered, 'SCRAM-SHA-256-PLUS PLAIN');
    assert.match(await client.ask('AUTH EXTERNAL =\r\n'), /^504 5\.5\.4/);
    client.socket.destroy();
  }
  assert.deepEqual(asked, []);
});

test('another name than that of the certificate is refused', async (t) => {
  const { client } = await connected(await served(t), joe);
  const boss = Buffer.from('boss@example.com').toString('base64');
  assert.match(await client.ask(`AUTH EXTERNAL ${boss}\r\n`), /^535 5\.7\.8/);
  assert.match(await client.ask('AUTH EXTERNAL AA==\r\n'), /^501/);
  assert.match(await sends(client), /^530/);
});

test('in clear it is not offered, and the certificate of a front end is not that of its clients', async (t) => {
  const fixture = await served(t, [], { xclient: ['127.0.0.0/8'] });
  const front = await greeted(fixture);
  assert.match(await front.ask('AUTH EXTERNAL =\r\n'), /^5/);
  assert.match(await front.ask('STARTTLS\r\n'), /^220/);
  await front.secure({ key: joe.key, cert: joe.chain });
  assert.doesNotMatch(await front.ask('EHLO front.example\r\n'), /EXTERNAL/);
  assert.match(await front.ask('XCLIENT ADDR=192.0.2.7\r\n'), /^220/);
  assert.doesNotMatch(await front.ask('EHLO client.example\r\n'), /EXTERNAL/);
  assert.match(await front.ask('AUTH EXTERNAL =\r\n'), /^504/);
});
