// Log-ins that are bound to the TLS connection (RFC 5802 6, RFC 9266, RFC 5929): where they are offered, and that a binding to
// another connection is refused.

import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { endPointBinding } from '../../src/receive/connection-bindings.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { type ClientBinding, scramClient } from '../sasl/scram-client.ts';
import { selfSigned } from '../support/certificates.ts';
import { type Client, type Fixture, greeted, secured, start } from './fixture.ts';

const directory = directoryOf({ login: 'joe@example.com', password: 'pencil' });
const mechanisms = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN'];
const auth = { directory, mechanisms, isRequired: false, hints: noHints };
const wrong = /^535 5\.7\.8/;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function logIn(client: Client, mechanism: string, binding: ClientBinding | 'n' | 'y'): Promise<string> {
  const scram = scramClient('joe@example.com', 'pencil', binding);
  const first = await client.ask(`AUTH ${mechanism} ${base64(scram.first)}\r\n`);
  if (!first.startsWith('334 ')) return first;
  const last = await client.ask(
    `${base64(scram.last(Buffer.from(first.slice(4), 'base64').toString()))}\r\n`,
  );
  return last.startsWith('334 ') ? client.ask('\r\n') : last;
}

function exporterOf(client: Client): ClientBinding {
  const socket = client.socket as TLSSocket;
  const value = socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
  return { type: 'tls-exporter', value };
}

/** RFC 5929 4.1, of a certificate that is signed with SHA-256. */
function endPointOf(client: Client): ClientBinding {
  const { raw } = (client.socket as TLSSocket).getPeerCertificate();
  return { type: 'tls-server-end-point', value: createHash('sha256').update(raw).digest() };
}

async function under(fixture: Fixture, options: ConnectionOptions): Promise<[Client, string]> {
  const client = await greeted(fixture);
  assert.match(await client.ask('STARTTLS\r\n'), /^220/);
  await client.secure(options);
  return [client, await client.ask('EHLO client.example\r\n')];
}

test('under TLS 1.3, a log-in may be bound to the connection or to the certificate', async (t) => {
  const fixture = await start(t, { auth, tls: 'offered' });
  for (const bindingOf of [exporterOf, endPointOf]) {
    const [client, hello] = await under(fixture, { minVersion: 'TLSv1.3' });
    assert.match(hello, /^250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN\r$/m);
    assert.match(await logIn(client, 'SCRAM-SHA-256-PLUS', bindingOf(client)), /^235/);
  }
});

test('a log-in that is bound to another connection is refused', async (t) => {
  const fixture = await start(t, { auth, tls: 'offered' });
  const other = await secured(fixture);
  const client = await secured(fixture);
  assert.match(await logIn(client, 'SCRAM-SHA-256-PLUS', exporterOf(other)), wrong);
  const shown = { type: 'tls-server-end-point', value: createHash('sha256').update('other').digest() };
  assert.match(await logIn(client, 'SCRAM-SHA-256-PLUS', shown), wrong);
  assert.match(await client.ask('NOOP\r\n'), /^250/);
});

test('a client that did not see the offer has a list that was changed on the way', async (t) => {
  const fixture = await start(t, { auth, tls: 'offered' });
  assert.match(await logIn(await secured(fixture), 'SCRAM-SHA-256', 'y'), wrong);
  assert.match(await logIn(await secured(fixture), 'SCRAM-SHA-256', 'n'), /^235/);
});

test('under TLS 1.2 the certificate is what a log-in may be bound to', async (t) => {
  const fixture = await start(t, { auth, tls: 'offered' });
  const old: ConnectionOptions = { maxVersion: 'TLSv1.2' };
  const [client, hello] = await under(fixture, old);
  assert.match(hello, /^250-AUTH SCRAM-SHA-256-PLUS /m);
  assert.match(await logIn(client, 'SCRAM-SHA-256-PLUS', exporterOf(client)), wrong);
  assert.match(await logIn(client, 'SCRAM-SHA-256-PLUS', endPointOf(client)), /^235/);
  // A session that is taken up again shows no certificate.
  const session = (client.socket as TLSSocket).getSession();
  const [again, shown] = await under(fixture, { ...old, session });
  assert.ok((again.socket as TLSSocket).isSessionReused());
  assert.match(shown, /^250-AUTH SCRAM-SHA-256 PLAIN\r$/m);
  assert.match(await again.ask('AUTH SCRAM-SHA-256-PLUS\r\n'), /^504 5\.5\.4/);
  assert.match(await logIn(again, 'SCRAM-SHA-256', 'y'), /^235/);
});

test('PLUS is not offered where the configuration leaves it out, and not to clients of a front end', async (t) => {
  const without = await start(t, { auth: { ...auth, mechanisms: ['SCRAM-SHA-256'] }, tls: 'offered' });
  const [client, hello] = await under(without, {});
  assert.match(hello, /^250-AUTH SCRAM-SHA-256\r$/m);
  assert.match(await logIn(client, 'SCRAM-SHA-256', 'y'), /^235/);

  const fixture = await start(t, { auth, tls: 'offered', xclient: ['127.0.0.0/8'] });
  const [behind] = await under(fixture, {});
  assert.match(await behind.ask('XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE]\r\n'), /^220/);
  assert.match(await behind.ask('EHLO far.example\r\n'), /^250-AUTH SCRAM-SHA-256 PLAIN\r$/m);
  assert.match(await logIn(behind, 'SCRAM-SHA-256', 'y'), /^235/);
});

/** A certificate that says that it is signed in another way. @param last - the last byte of the algorithm's identifier, after `prefix` */
function certificateSaying(keyType: 'rsa' | 'ecdsa', last: number): Buffer {
  const { raw } = new X509Certificate(selfSigned({ keyType }).certificate);
  const prefix = keyType === 'rsa' ? '2a864886f70d0101' : '2a8648ce3d0403';
  const usual = keyType === 'rsa' ? '0b' : '02';
  const said = last.toString(16).padStart(2, '0');
  return Buffer.from(raw.toString('hex').replaceAll(prefix + usual, prefix + said), 'hex');
}

const ed25519 = `-----BEGIN CERTIFICATE-----
MIIBLDCB36ADAgECAhRN5iyjtj8/YGqvgTLJ/R2OuP/nRjAFBgMrZXAwDDEKMAgG
A1UEAwwBeDAeFw0yNjExMjkxMTI0NTZaFw0yNjEyMDIxMTI0NTZaMAwxCjAIBgNV
BAMMAXgwKjAFBgMrZXADIQDvgLiCKvsYro2m4fzW8Yb3LYcF29J+FT6YQXvzqi8E
/KNTMFEwHQYDVR0OBBYEFMn+FU9Y5JgW+HUpXj4/slj0nC8eMB8GA1UdIwQYMBaA
FMn+FU9Y5JgW+HUpXj4/slj0nC8eMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA
MYm98362YV1Hd9xx+1xSEE6pngtzeZb5EA5ud6gxk+im/gGWWEwbb7Ke2CNx9EXV
+yG6fuTY1rtbmlh+LP4uDw==
-----END CERTIFICATE-----`;

test('the hash of a certificate is that of its signature, and none where there is no single one', () => {
  const hashOf = (der: Buffer): string | undefined => {
    const value = endPointBinding(der);
    return ['sha224', 'sha256', 'sha384', 'sha512'].find(
      (hash) => value !== undefined && createHash(hash).update(der).digest().equals(value),
    );
  };
  const rsa = (last: number) => hashOf(certificateSaying('rsa', last));
  const ecdsa = (last: number) => hashOf(certificateSaying('ecdsa', last));
  assert.deepEqual([0x0e, 0x0b, 0x0c, 0x0d].map(rsa), ['sha224', 'sha256', 'sha384', 'sha512']);
  assert.deepEqual([0x01, 0x02, 0x03, 0x04].map(ecdsa), ['sha224', 'sha256', 'sha384', 'sha512']);
  // RFC 5929 4.1: MD5 and SHA-1 are replaced.
  assert.deepEqual([0x04, 0x05].map(rsa), ['sha256', 'sha256']);
  // RSASSA-PSS names two hash functions, and Ed25519 none.
  assert.equal(rsa(0x0a), undefined);
  assert.equal(hashOf(new X509Certificate(ed25519).raw), undefined);
});
