// Which clients may relay by their certificate: by its fingerprint, or by the authority that issued it.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LiveCertificates } from '../../src/tls/live-certificates.ts';
import { RelayCertificates } from '../../src/tls/relay-certificates.ts';
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
    ticketKeys: Buffer.alloc(48, 1).toString('base64'),
    authorities: trusted === undefined ? {} : { '/ca.pem': trusted },
  });
  const relayCa = trusted === undefined ? '' : '/ca.pem';
  const relay = new RelayCertificates(fingerprints, trusted !== undefined);
  const contexts = live.forListener({ minVersion: 'TLSv1.2', clientCertificates: relay.areWanted, relayCa });
  const server = await serveTls(contexts, relay.areWanted, (socket) => relay.mayRelay(socket));
  t.after(() => server.close());
  return async (client?: Leaf): Promise<boolean> => {
    const shown = client === undefined ? {} : { cert: client.chain, key: client.key };
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

test('a socket of which Node cannot tell whether its chain is right is not verified', () => {
  const certificate = { fingerprint256: 'AA' };
  const socket = { getPeerX509Certificate: () => certificate as never };
  assert.equal(new RelayCertificates([], true).mayRelay(socket), false);
  assert.equal(new RelayCertificates(['aa'], true).mayRelay(socket), true);
});
