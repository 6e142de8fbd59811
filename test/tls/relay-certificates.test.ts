// Which clients may relay by their certificate: by its fingerprint, or by the authority that issued it.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LiveCertificates } from '../../src/tls/live-certificates.ts';
import { RelayCertificates } from '../../src/tls/relay-certificates.ts';
import { oddAuthority, serverAuth } from '../support/odd-certificates.ts';
import { issuedByLeaf, type Leaf, makeAuthority, selfSigned } from '../support/certificates.ts';
import { serveTls } from './handshake.ts';

const authority = makeAuthority();
const hourMs = 3_600_000;
const versions = ['TLSv1.2', 'TLSv1.3'] as const;

/** Tells of a client with this certificate whether it may relay; undefined: a client without one. */
async function judge(t: TestContext, fingerprints: readonly string[], trusted?: string) {
  const { chain, key } = selfSigned();
  const live = new LiveCertificates({
    certificates: [{ chain, key, keyType: 'ecdsa', names: [] }],
    ticketKeys: { current: Buffer.alloc(48, 1).toString('base64'), former: '' },
    authorities: trusted === undefined ? {} : { '/ca.pem': trusted },
  });
  const authorities = trusted === undefined ? undefined : () => live.authorities('/ca.pem');
  const relay = new RelayCertificates(fingerprints, authorities);
  const contexts = live.forListener({ minVersion: 'TLSv1.2', clientCertificates: relay.areWanted });
  const server = await serveTls(contexts, relay.areWanted, (socket) => relay.mayRelay(socket));
  t.after(() => server.close());
  return async (client?: Leaf): Promise<boolean> => {
    // OpenSSL would not let a client show a short key.
    const ciphers = 'DEFAULT@SECLEVEL=0';
    const shown = client === undefined ? {} : { cert: client.chain, key: client.key, ciphers };
    const answers = new Set<unknown>();
    for (const version of versions) {
      const { seen } = await server.connect({ minVersion: version, maxVersion: version, ...shown });
      answers.add(seen);
    }
    assert.equal(answers.size, 1);
    return answers.has(true);
  };
}

test('a certificate of the authority may relay, directly or through an intermediate', async (t) => {
  const mayRelay = await judge(t, [], authority.certificate);
  assert.equal(await mayRelay(authority.issue()), true);
  assert.equal(await mayRelay(authority.intermediate().issue()), true);
});

test('no certificate, one of another authority, one that is expired or not valid yet, or one that signed itself may not', async (t) => {
  const mayRelay = await judge(t, [], authority.certificate);
  const now = Date.now();
  assert.equal(await mayRelay(), false);
  assert.equal(await mayRelay(makeAuthority().issue()), false);
  assert.equal(await mayRelay(authority.issue({ from: now - 2 * hourMs, until: now - hourMs })), false);
  assert.equal(await mayRelay(authority.issue({ from: now + hourMs, until: now + 2 * hourMs })), false);
  assert.equal(await mayRelay(selfSigned()), false);
});

test('a leaf of the authority that issues certificates itself makes nobody relay', async (t) => {
  const mayRelay = await judge(t, [], authority.certificate);
  const leaf = authority.issue();
  assert.equal(await mayRelay(issuedByLeaf(leaf)), false);
});

test('a certificate that is named by its fingerprint may relay, whoever issued it and until when; no other may', async (t) => {
  const now = Date.now();
  const [own, expired] = [
    selfSigned(),
    makeAuthority().issue({ from: now - 2 * hourMs, until: now - hourMs }),
  ];
  const mayRelay = await judge(t, [own.fingerprint, expired.fingerprint]);
  assert.equal(await mayRelay(own), true);
  assert.equal(await mayRelay(expired), true);
  assert.equal(await mayRelay(selfSigned()), false);
  assert.equal(await mayRelay(authority.issue()), false);
  assert.equal(await mayRelay(), false);
});

test('fingerprints and an authority together each let in their own', async (t) => {
  const own = selfSigned();
  const mayRelay = await judge(t, [own.fingerprint], authority.certificate);
  assert.equal(await mayRelay(own), true);
  assert.equal(await mayRelay(authority.issue()), true);
  assert.equal(await mayRelay(selfSigned()), false);
});

test('a server that asks for no certificate lets nobody relay', async (t) => {
  const mayRelay = await judge(t, []);
  assert.equal(await mayRelay(authority.issue()), false);
});

test('a certificate is not believed for what its key may not be used for, or when the key is too short', async (t) => {
  const odd = oddAuthority();
  const mayRelay = await judge(t, [], odd.certificate);
  assert.equal(await mayRelay(odd.issue()), true);
  assert.equal(await mayRelay(odd.issue({ purposes: [serverAuth] })), false, 'for servers alone');
  assert.equal(await mayRelay(odd.issue({ keyUsage: 0b0010_0000 })), false, 'for encryption alone');
  assert.equal(await mayRelay(odd.issue({ rsaBits: 2048 })), true);
  assert.equal(await mayRelay(odd.issue({ rsaBits: 1024 })), false, 'a short key');
});

test('the authority of the clients is not sent to them with the chain of the server', async (t) => {
  const own = authority.issue();
  const live = new LiveCertificates({
    certificates: [{ chain: own.certificate, key: own.key, keyType: 'ecdsa', names: [] }],
    ticketKeys: { current: Buffer.alloc(48, 1).toString('base64'), former: '' },
    authorities: { '/ca.pem': authority.certificate },
  });
  const relay = new RelayCertificates([], () => live.authorities('/ca.pem'));
  const contexts = live.forListener({ minVersion: 'TLSv1.2', clientCertificates: relay.areWanted });
  const server = await serveTls(contexts, relay.areWanted, (socket) => relay.mayRelay(socket));
  t.after(() => server.close());
  const client = authority.issue();
  for (const version of versions) {
    const { chain, seen } = await server.connect({
      minVersion: version,
      maxVersion: version,
      cert: client.chain,
      key: client.key,
    });
    assert.equal(seen, true);
    assert.deepEqual(chain, [own.fingerprint]);
  }
});
