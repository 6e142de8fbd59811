// Policies and a server for tests of outgoing TLS: certificates of each kind, and what a policy of each level demands.

import { makeAuthority, selfSigned } from '../../support/certificates.ts';
import type { ClientIdentities } from '../../../src/tls/client-identities.ts';
import type { HandshakeSettings } from '../../../src/deliver/tls/handshake-settings.ts';
import type { HopTlsPolicy, TlsLevel } from '../../../src/values/tls-policy.ts';
import { type Fixture, fixture } from '../fixture.ts';
import type { Peer } from '../mail-server.ts';
import type { TestContext } from 'node:test';

const dayMs = 86_400_000;
const authority = makeAuthority();
const stranger = makeAuthority({ name: 'Stranger' });

export const leaves = {
  good: authority.intermediate().issue({ names: ['mx.test'] }),
  wildcard: authority.issue({ names: ['*.mail.test'] }),
  expired: authority.issue({ names: ['mx.test'], from: Date.now() - 20 * dayMs, until: Date.now() - dayMs }),
  future: authority.issue({ names: ['mx.test'], from: Date.now() + dayMs }),
  wrongName: authority.issue({ names: ['other.test', 'mx.test.example'] }),
  selfSigned: selfSigned({ names: ['mx.test'] }),
  stranger: stranger.issue({ names: ['mx.test'] }),
} as const;

export type LeafName = keyof typeof leaves;

const settings: HandshakeSettings = { authorities: authority.certificate, ciphers: '', minVersion: '' };
export const handshakes = new Map<string, HandshakeSettings>([
  ['test', settings],
  ['unusable', { ...settings, ciphers: 'NOSUCH' }],
  ['old', { ...settings, ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1' }],
  ['shows', { ...settings, identity: '/client.pem' }],
]);

export function policy(level: TlsLevel, part: Partial<HopTlsPolicy> = {}): HopTlsPolicy {
  return {
    level,
    from: 'configuration',
    policyDomain: 'to.test',
    serverName: 'mx.test',
    names: ['mx.test'],
    fingerprints: [],
    tlsa: [],
    implicit: false,
    needsRequireTls: false,
    settings: 'test',
    ...part,
  };
}

export function tlsFixture(t: TestContext, identities?: ClientIdentities): Promise<Fixture> {
  return fixture(t, handshakes, identities);
}

/** Greeting, EHLO with STARTTLS, and the reply to it. */
export async function startTls(peer: Peer, reply = '220 go'): Promise<void> {
  await peer.hello('STARTTLS');
  await peer.dialogue(['STARTTLS', reply]);
}

/** EHLO under TLS. */
export async function helloAgain(peer: Peer): Promise<void> {
  await peer.dialogue(['EHLO sluice.test', '250 mx.test']);
}
