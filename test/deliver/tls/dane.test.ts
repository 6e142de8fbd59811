// DANE on outgoing connections: the chain as it was sent is matched with the records of the policy, and no authority of the system
// counts; and LMTP under TLS, which is the same code.

import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { matchTlsa } from '../../../src/dane/match-tlsa.ts';
import { openTransport } from '../../../src/deliver/open-transport.ts';
import { socketHop } from '../../../src/route/next-hop.ts';
import type { TlsaRecord } from '../../../src/values/tls-policy.ts';
import { makeAuthority } from '../../support/certificates.ts';
import type { Fixture } from '../fixture.ts';
import { Sender } from '../../../src/deliver/sender.ts';
import { helloAgain, leaves, policy, startTls, tlsFixture } from './policies.ts';

const anchor = makeAuthority({ name: 'Anchor' });
const leaf = anchor.issue({ names: ['mx.test'] });
const withAnchor = { cert: leaf.chain + anchor.certificate, key: leaf.key };

function record(usage: number, pem: string): TlsaRecord {
  const data = createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
  return { usage, selector: 0, matchingType: 1, data };
}

/** A fixture whose sender can match TLSA records. */
async function daneFixture(t: Parameters<typeof tlsFixture>[0]): Promise<Fixture> {
  const all = await tlsFixture(t);
  const context = { ...all.context, tls: { ...all.context.tls, matchTlsa } };
  all.sender.reconfigure(context);
  return { ...all, context };
}

for (const [what, records, server, expected] of [
  ['usage 3 of the leaf', [record(3, leaf.certificate)], withAnchor, 'dane-ee'],
  ['usage 2 of an anchor that was sent', [record(2, anchor.certificate)], withAnchor, 'dane-ta'],
  [
    'usage 2 of an anchor that was not sent',
    [record(2, anchor.certificate)],
    { cert: leaf.chain, key: leaf.key },
    'failed',
  ],
  ['usage 3 of another certificate', [record(3, anchor.certificate)], withAnchor, 'failed'],
  [
    'one of two that matches',
    [record(3, anchor.certificate), record(3, leaf.certificate)],
    withAnchor,
    'dane-ee',
  ],
  // Trusted by the system, which DANE does not ask (RFC 7672 1.3.4).
  [
    'another leaf of a trusted authority',
    [record(3, leaf.certificate)],
    { cert: leaves.good.chain, key: leaves.good.key },
    'failed',
  ],
] as const) {
  test(`TLSA records of ${what}: ${expected}`, async (t) => {
    const { server: mail, spool, reports, connect } = await daneFixture(t);
    connect(spool.add({ to: ['b@to.test'] }), 1, mail.port, '', policy('dane', { tlsa: records }));
    const peer = await mail.accept();
    await startTls(peer);
    await peer.underTls(server);
    if (expected === 'failed') {
      const report = await reports.next();
      assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
      assert.equal(reports.tls[0]?.kind, 'failed');
      return;
    }
    await helloAgain(peer);
    await peer.take('b@to.test');
    assert.equal((await reports.next()).kind, 'ready');
    assert.ok(reports.tls[0]?.kind === 'secured' && reports.tls[0].verification === expected);
  });
}

test('LMTP by TCP is under TLS where its policy says so', async (t) => {
  const { server, spool, reports, context } = await tlsFixture(t);
  const hop = {
    ...socketHop('lmtp', { kind: 'tcp', ip: '127.0.0.1', port: server.port }, 'mx.test', 0),
    tls: policy('verified'),
  };
  const work = spool.add({ to: ['b@to.test'] });
  const grant = { connection: 1, site: 'site', hop, source: '', work };
  const connection = openTransport(context, grant, () => undefined);
  t.after(() => connection.abandon());
  const peer = await server.accept();
  peer.say('220 mx.test LMTP');
  await peer.dialogue(['LHLO sluice.test', '250-mx.test', '250 STARTTLS'], ['STARTTLS', '220 go']);
  await peer.underTls({ cert: leaves.good.chain, key: leaves.good.key });
  await peer.dialogue(['LHLO sluice.test', '250 mx.test']);
  await peer.take('b@to.test');
  assert.equal((await reports.next()).kind, 'ready');
  assert.ok(reports.tls[0]?.kind === 'secured' && reports.tls[0].verification === 'name');
});

test('LMTP without a policy goes in clear, though TLS is offered', async (t) => {
  const { server, spool, reports, context } = await tlsFixture(t);
  const hop = socketHop('lmtp', { kind: 'tcp', ip: '127.0.0.1', port: server.port }, 'mx.test', 0);
  const sender = new Sender(context);
  t.after(() => sender.abandon());
  sender.connect({ connection: 1, site: 'site', hop, source: '', work: spool.add({ to: ['b@to.test'] }) });
  const peer = await server.accept();
  peer.say('220 mx.test LMTP');
  await peer.dialogue(['LHLO sluice.test', '250-mx.test', '250 STARTTLS']);
  await peer.take('b@to.test');
  assert.equal((await reports.next()).kind, 'ready');
  assert.deepEqual(reports.tls, []);
});
