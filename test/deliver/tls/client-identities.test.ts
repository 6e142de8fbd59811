// The certificate of this host that a [[tls]] table names: shown to servers that ask, renewed without a restart, and never left out
// silently.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ClientContexts } from '../../../src/deliver/tls/client-contexts.ts';
import { defaultHandshake } from '../../../src/deliver/tls/handshake-settings.ts';
import { ClientIdentities } from '../../../src/tls/client-identities.ts';
import { LiveCertificates } from '../../../src/tls/live-certificates.ts';
import { selfSigned } from '../../support/certificates.ts';
import { serveTls } from '../../tls/handshake.ts';

const kind = { takesOld: false, isClassic: false, sentChainOnly: true };
const settings = new Map([
  ['shows', { ...defaultHandshake, identity: '/client.pem' }],
  ['other', { ...defaultHandshake, ciphers: 'ECDHE+AESGCM' }],
]);

/** A server that asks for certificates. */
async function server(t: TestContext) {
  const { chain, key } = selfSigned();
  const live = new LiveCertificates({
    certificates: [{ chain, key, keyType: 'ecdsa', names: [] }],
    ticketKeys: { current: Buffer.alloc(48).toString('base64'), former: '' },
    authorities: {},
  });
  const contexts = live.forListener({ minVersion: 'TLSv1.2', clientCertificates: true });
  const serving = await serveTls(contexts, true, (socket) => socket.getPeerX509Certificate()?.subject);
  t.after(() => serving.close());
  return serving;
}

test('a server that asks gets the certificate of the settings, and a renewed one as soon as it is given', async (t) => {
  const { connect } = await server(t);
  const identities = new ClientIdentities();
  const contexts = new ClientContexts(settings, identities);
  const shown = async (name: string) => (await connect({ secureContext: contexts.of(name, kind) })).seen;
  identities.use({ '/client.pem': selfSigned({ names: ['first.test'] }) });
  assert.equal(await shown('shows'), 'CN=first.test');
  assert.equal(contexts.of('shows', kind), contexts.of('shows', kind));
  identities.use({ '/client.pem': selfSigned({ names: ['renewed.test'] }) });
  assert.equal(await shown('shows'), 'CN=renewed.test');
  assert.equal(await shown('other'), undefined);
  assert.equal(await shown(''), undefined);
});

test('settings whose certificate is not given count as unknown, so that no connection is made without it', () => {
  const identities = new ClientIdentities();
  const contexts = new ClientContexts(settings, identities);
  assert.deepEqual(
    ['shows', 'other', '', 'none'].map((name) => contexts.has(name)),
    [false, true, true, false],
  );
  identities.use({ '/client.pem': selfSigned() });
  assert.equal(contexts.has('shows'), true);
});
