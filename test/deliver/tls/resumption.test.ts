// Sessions of TLS that go on: a resumed one shows no certificate, so it counts as verified by the verdict of its first handshake
// alone, and never for another policy.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { sessionMaxAgeMs } from '../../../src/deliver/tls/session-cache.ts';
import { ClientIdentities } from '../../../src/tls/client-identities.ts';
import type { HopTlsPolicy } from '../../../src/values/tls-policy.ts';
import { selfSigned } from '../../support/certificates.ts';
import type { Fixture } from '../fixture.ts';
import { helloAgain, leaves, policy, startTls, tlsFixture } from './policies.ts';

interface Round {
  readonly isReused: boolean;
  readonly verification: string;
}

/** One connection that delivers and ends; `leaf` is shown by the server, which resumes what its context has tickets for. */
class Rounds {
  readonly #all: Fixture;
  readonly #secureContext;
  #connection = 0;

  constructor(all: Fixture, leaf: keyof typeof leaves, maxVersion: 'TLSv1.2' | 'TLSv1.3') {
    this.#all = all;
    const { chain: cert, key } = leaves[leaf];
    this.#secureContext = createSecureContext({ cert, key, maxVersion });
  }

  async play(tls: HopTlsPolicy): Promise<Round> {
    const { server, spool, reports, connect, sender } = this.#all;
    const connection = ++this.#connection;
    connect(spool.add({ to: ['b@to.test'] }), connection, server.port, '', tls);
    const peer = await server.accept();
    await startTls(peer);
    const socket: TLSSocket = await peer.underTls({ secureContext: this.#secureContext });
    const isReused = socket.isSessionReused();
    await helloAgain(peer);
    await peer.take('b@to.test');
    assert.equal((await reports.next()).kind, 'ready');
    assert.equal((await reports.next()).kind, 'done');
    const outcome = reports.tls.at(-1);
    assert.ok(outcome?.kind === 'secured');
    assert.equal(outcome.resumed, isReused);
    sender.close(connection);
    await peer.dialogue(['QUIT', '221 bye']);
    socket.end();
    if (!socket.destroyed) await once(socket, 'close');
    assert.equal((await reports.next()).kind, 'closed');
    return { isReused, verification: outcome.verification };
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: a session is resumed under an equal policy, and its verdict with it`, async (t) => {
    const rounds = new Rounds(await tlsFixture(t), 'good', version);
    assert.deepEqual(await rounds.play(policy('verified')), { isReused: false, verification: 'name' });
    // Equal: who asks for it does not matter.
    const equal = policy('verified', { from: 'mta-sts', policyDomain: 'other.test' });
    assert.deepEqual(await rounds.play(equal), { isReused: true, verification: 'name' });
    assert.deepEqual(await rounds.play(policy('verified')), { isReused: true, verification: 'name' });
  });

  test(`${version}: a session that began unverified stays unverified when it is resumed`, async (t) => {
    const rounds = new Rounds(await tlsFixture(t), 'selfSigned', version);
    const unverified = { verification: 'unverified' };
    assert.deepEqual(await rounds.play(policy('required')), { isReused: false, ...unverified });
    assert.deepEqual(await rounds.play(policy('required')), { isReused: true, ...unverified });
  });
}

test('another policy never goes on with a session', async (t) => {
  const rounds = new Rounds(await tlsFixture(t), 'good', 'TLSv1.3');
  await rounds.play(policy('required'));
  const others: HopTlsPolicy[] = [
    policy('opportunistic'),
    policy('verified'),
    policy('verified', { names: ['mx.test', 'other.test'] }),
    policy('verified', { serverName: 'other.test' }),
    policy('fingerprint', { fingerprints: [leaves.good.fingerprint] }),
    policy('fingerprint', { fingerprints: [leaves.good.keyFingerprint] }),
    policy('dane'),
    policy('required', { settings: '' }),
  ];
  for (const other of others) {
    assert.equal((await rounds.play(other)).isReused, false, JSON.stringify(other));
    assert.equal((await rounds.play(other)).isReused, true, JSON.stringify(other));
  }
});

test('a session that was resumed again and again ends an hour after its full handshake', async (t) => {
  const all = await tlsFixture(t);
  const rounds = new Rounds(all, 'good', 'TLSv1.3');
  await rounds.play(policy('verified'));
  all.advance(sessionMaxAgeMs / 2);
  assert.equal((await rounds.play(policy('verified'))).isReused, true);
  all.advance(sessionMaxAgeMs / 2 + 1);
  assert.equal((await rounds.play(policy('verified'))).isReused, false);
});

test('a session never goes on with a certificate of this host that was replaced', async (t) => {
  const identities = new ClientIdentities();
  identities.use({ '/client.pem': selfSigned({ names: ['first.test'] }) });
  const rounds = new Rounds(await tlsFixture(t, identities), 'good', 'TLSv1.3');
  const shows = policy('verified', { settings: 'shows' });
  const plays = async (tls: HopTlsPolicy) => (await rounds.play(tls)).isReused;
  assert.deepEqual([await plays(shows), await plays(policy('verified'))], [false, false]);
  identities.use({ '/client.pem': selfSigned({ names: ['renewed.test'] }) });
  assert.deepEqual([await plays(shows), await plays(policy('verified'))], [false, true]);
  assert.equal(await plays(shows), true);
});
