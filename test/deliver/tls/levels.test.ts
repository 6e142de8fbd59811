// Which certificates will do under each policy: where it demands one, no message is sent to a server with another, in any way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TlsOutcome } from '../../../src/values/tls-outcome.ts';
import type { HopTlsPolicy } from '../../../src/values/tls-policy.ts';
import { delivered, idle } from '../fixture.ts';
import { helloAgain, leaves, policy, startTls, tlsFixture, type LeafName } from './policies.ts';

interface Case {
  readonly under: HopTlsPolicy;
  readonly leaf: LeafName;
  /** How the server is known, or which problem ends the connection. */
  readonly expected: string;
}

const fingerprint = { fingerprints: [leaves.selfSigned.fingerprint] };
const ofKey = { fingerprints: [leaves.expired.keyFingerprint] };
const problems: Readonly<Record<LeafName, string>> = {
  good: 'name',
  wildcard: 'certificate-host-mismatch',
  expired: 'certificate-expired',
  future: 'certificate-expired',
  wrongName: 'certificate-host-mismatch',
  selfSigned: 'certificate-not-trusted',
  stranger: 'certificate-not-trusted',
};
const names = Object.keys(leaves) as LeafName[];

const cases: Case[] = [
  ...names.map((leaf) => ({ under: policy('verified'), leaf, expected: problems[leaf] })),
  ...(['opportunistic', 'required'] as const).flatMap((level) =>
    names.map((leaf) => ({
      under: policy(level),
      leaf,
      expected: problems[leaf] === 'name' ? 'name' : `unverified ${problems[leaf]}`,
    })),
  ),
  { under: policy('verified', { names: ['no.test', 'other.test'] }), leaf: 'wrongName', expected: 'name' },
  {
    under: policy('verified', { names: ['a.b.test'] }),
    leaf: 'wildcard',
    expected: 'certificate-host-mismatch',
  },
  { under: policy('verified', { settings: '' }), leaf: 'good', expected: 'certificate-not-trusted' },
  { under: policy('fingerprint', fingerprint), leaf: 'selfSigned', expected: 'fingerprint' },
  { under: policy('fingerprint', ofKey), leaf: 'expired', expected: 'fingerprint' },
  { under: policy('fingerprint', fingerprint), leaf: 'good', expected: 'validation-failure' },
  // RFC 7672 2.2: no usable record.
  { under: policy('dane'), leaf: 'selfSigned', expected: 'none' },
];

function textOf(outcome: TlsOutcome | undefined): string {
  if (outcome?.kind !== 'secured') return outcome?.kind === 'failed' ? outcome.result : 'clear';
  const { problem, verification } = outcome;
  return problem === undefined ? verification : `${verification} ${problem.result}`;
}

for (const { under, leaf, expected } of cases) {
  test(`${under.level} ${under.names.join(', ')}: a certificate that is ${leaf} gives ${expected}`, async (t) => {
    const all = await tlsFixture(t);
    const { server, spool, reports, connect } = all;
    connect(spool.add({ to: ['b@to.test'] }), 1, server.port, '', under);
    const peer = await server.accept();
    await startTls(peer);
    const { chain, key } = leaves[leaf];
    await peer.underTls({ cert: chain, key });
    const isRefused = /^[a-z]+-/.test(expected);
    if (isRefused) {
      await peer.closed;
      assert.equal(peer.received.toString().includes('MAIL'), false, 'nothing was sent');
      const report = await reports.next();
      assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
      assert.match(report.report.error, /^mx\.test\[127\.0\.0\.1\]:\d+: TLS: /);
      assert.equal(reports.results.length, 0);
    } else {
      await helloAgain(peer);
      await peer.take('b@to.test');
      assert.equal((await reports.next()).kind, 'ready');
      assert.deepEqual(await reports.next(), {
        kind: 'done',
        connection: 1,
        results: delivered,
        reusable: true,
      });
      const [line] = all.log;
      assert.match(String(line?.['tlsVersion']), /^TLSv1\.[23]$/);
      assert.match(String(line?.['tlsCipher']), /^TLS_/);
      assert.equal(line?.['tlsVerification'], expected.split(' ')[0]);
    }
    assert.deepEqual(reports.tls.map(textOf), [expected]);
  });
}

test('a server that does not offer STARTTLS gets the message in clear, and the manager is told why', async (t) => {
  const all = await tlsFixture(t);
  await idle(all);
  assert.deepEqual(all.reports.tls, [
    { kind: 'clear', result: 'starttls-not-supported', reason: 'the server does not offer STARTTLS' },
  ]);
  assert.equal('tlsVersion' in (all.log[0] ?? {}), false);
});

for (const level of ['required', 'verified', 'fingerprint', 'dane'] as const) {
  test(`${level}: a server without STARTTLS gets nothing`, async (t) => {
    const { server, spool, reports, connect } = await tlsFixture(t);
    connect(spool.add({ to: ['b@to.test'] }), 1, server.port, '', policy(level));
    const peer = await server.accept();
    await peer.hello();
    assert.equal(await peer.line(), 'QUIT');
    const report = await reports.next();
    assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
    assert.match(report.report.error, /: the server does not offer STARTTLS$/);
    assert.deepEqual(reports.tls, [
      { kind: 'failed', result: 'starttls-not-supported', reason: 'the server does not offer STARTTLS' },
    ]);
  });
}

test('none: STARTTLS that is offered is not used, and nothing is told', async (t) => {
  const { server, spool, reports, connect } = await tlsFixture(t);
  connect(spool.add({ to: ['b@to.test'] }), 1, server.port, '', policy('none'));
  const peer = await server.accept();
  await peer.hello('STARTTLS');
  await peer.take('b@to.test');
  assert.equal((await reports.next()).kind, 'ready');
  assert.deepEqual(reports.tls, []);
});

test('TLS before the greeting', async (t) => {
  const { server, spool, reports, connect } = await tlsFixture(t);
  connect(spool.add({ to: ['b@to.test'] }), 1, server.port, '', policy('verified', { implicit: true }));
  const peer = await server.accept();
  await peer.underTls({ cert: leaves.good.chain, key: leaves.good.key });
  await peer.hello('STARTTLS');
  await peer.take('b@to.test');
  assert.equal((await reports.next()).kind, 'ready');
  assert.deepEqual(reports.tls.map(textOf), ['name']);
});

test('settings that this process does not know yet: the connection is not opened', async (t) => {
  const { spool, reports, connect } = await tlsFixture(t);
  connect(spool.add({ to: ['b@to.test'] }), 1, 1, '', policy('required', { settings: 'unknown' }));
  const error = '451 4.3.0 the settings of TLS for this host are being loaded';
  assert.deepEqual(await reports.next(), {
    kind: 'closed',
    connection: 1,
    report: { kind: 'failed', error, local: true },
  });
});

test('settings that OpenSSL does not take: nothing is sent, not even in clear, and the sender goes on', async (t) => {
  const { server, spool, reports, connect, sender } = await tlsFixture(t);
  const tls = policy('opportunistic', { settings: 'unusable' });
  connect(spool.add({ to: ['b@to.test'] }), 1, server.port, '', tls);
  const peer = await server.accept();
  await startTls(peer);
  await peer.closed;
  assert.equal(peer.received.toString().includes('MAIL'), false);
  const report = await reports.next();
  assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
  assert.match(report.report.error, /TLS cannot be begun here: .*no cipher match/);
  assert.equal(sender.connections, 0);
});

test('REQUIRETLS: a server that does not offer it gets nothing, and the host fails its policy', async (t) => {
  const { server, spool, reports, connect } = await tlsFixture(t);
  connect(
    spool.add({ to: ['b@to.test'] }),
    1,
    server.port,
    '',
    policy('verified', { needsRequireTls: true }),
  );
  const peer = await server.accept();
  await startTls(peer);
  await peer.underTls({ cert: leaves.good.chain, key: leaves.good.key });
  await helloAgain(peer);
  const report = await reports.next();
  assert.ok(report.kind === 'closed' && report.report.kind === 'failed');
  assert.match(report.report.error, /the server does not offer REQUIRETLS$/);
  assert.deepEqual(reports.tls, [
    {
      kind: 'failed',
      result: 'validation-failure',
      reason: 'the server does not offer REQUIRETLS',
      lack: 'requiretls',
    },
  ]);
});

test('REQUIRETLS goes on with MAIL to a server that offers it (RFC 8689 4.2.1)', async (t) => {
  const { server, spool, reports, connect } = await tlsFixture(t);
  connect(
    spool.add({ to: ['b@to.test'] }),
    1,
    server.port,
    '',
    policy('verified', { needsRequireTls: true }),
  );
  const peer = await server.accept();
  await startTls(peer);
  await peer.underTls({ cert: leaves.good.chain, key: leaves.good.key });
  await peer.dialogue(['EHLO sluice.test', '250-mx.test\r\n250 REQUIRETLS']);
  assert.match((await peer.line()) ?? '', /^MAIL FROM:<[^>]*> REQUIRETLS$/);
  assert.equal((await reports.next()).kind, 'ready');
});
