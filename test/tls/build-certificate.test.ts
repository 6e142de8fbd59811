// Certificates that Sluice makes, as other programs (OpenSSL, in Node) read and verify them.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import * as tls from 'node:tls';
import type { KeyType } from '../../src/tls/certificate-facts.ts';
import { makeAuthority, selfSigned } from '../support/certificates.ts';

for (const keyType of ['ecdsa', 'rsa'] as const) {
  test(`a TLS client trusts a leaf behind an intermediate, ${keyType}`, async () => {
    const root = makeAuthority({ keyType });
    const { chain, key } = root.intermediate().issue({ names: ['mx.example.com', '*.example.net'], keyType });
    const handshake = (servername: string) =>
      verify({ cert: chain, key }, { ca: root.certificate, servername });
    assert.equal(await handshake('mx.example.com'), '');
    assert.equal(await handshake('a.example.net'), '');
    assert.equal(await handshake('mx.example.org'), 'ERR_TLS_CERT_ALTNAME_INVALID');
  });
}

test('a TLS client refuses an expired leaf, one that is not valid yet, and one of another authority', async () => {
  const root = makeAuthority();
  const hour = 3_600_000;
  const check = (leaf: { chain: string; key: string }) =>
    verify({ cert: leaf.chain, key: leaf.key }, { ca: root.certificate, servername: 'mx.example.com' });
  const now = Date.now();
  assert.equal(await check(root.issue({ from: now - 2 * hour, until: now - hour })), 'CERT_HAS_EXPIRED');
  assert.equal(await check(root.issue({ from: now + hour, until: now + 2 * hour })), 'CERT_NOT_YET_VALID');
  assert.equal(await check(makeAuthority().issue()), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.equal(await check(selfSigned()), 'DEPTH_ZERO_SELF_SIGNED_CERT');
});

test('dates from 2050 on, long names and many names are encoded so that they can be read again', () => {
  const names = Array.from({ length: 200 }, (_, index) => `host-${index}.${'a'.repeat(50)}.example.com`);
  const until = Date.UTC(2051, 1, 3, 4, 5, 6);
  const { certificate, fingerprint, keyFingerprint } = makeAuthority().issue({ names, until });
  const read = new X509Certificate(certificate);
  assert.equal(read.validToDate.getTime(), until);
  assert.equal(read.subjectAltName, names.map((name) => `DNS:${name}`).join(', '));
  assert.equal(read.fingerprint256.replaceAll(':', '').toLowerCase(), fingerprint);
  assert.equal(keyFingerprint.length, 64);
  assert.equal(read.ca, false);
});

test('certificates verify by the key of their authority and name it as the issuer', () => {
  const types: readonly KeyType[] = ['ecdsa', 'rsa'];
  for (const keyType of types) {
    const root = makeAuthority({ keyType, name: 'Ümlaut Root' });
    const [authority, leaf] = [
      new X509Certificate(root.certificate),
      new X509Certificate(root.issue().certificate),
    ];
    assert.ok(leaf.checkIssued(authority));
    assert.ok(leaf.verify(authority.publicKey));
    assert.ok(authority.ca);
    assert.equal(leaf.issuer, 'CN=Ümlaut Root');
  }
});

/** The problem that a client finds in the certificate of a server; empty when there is none. */
async function verify(server: tls.TlsOptions, client: tls.ConnectionOptions): Promise<string> {
  const listener = tls.createServer(server, (socket) => socket.on('error', () => undefined).end());
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const socket = tls.connect({ host: '127.0.0.1', port, ...client });
  try {
    await once(socket, 'secureConnect');
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    socket.destroy();
    listener.close();
    await once(listener, 'close');
  }
}
