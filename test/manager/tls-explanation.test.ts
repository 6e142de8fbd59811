// What `sluice explain` says about TLS with the hosts of a plan, and how people read it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tlsLines } from '../../src/cli/explain-tls.ts';
import { LastHandshakes } from '../../src/manager/last-handshakes.ts';
import { explainTls } from '../../src/manager/tls-explanation.ts';
import { smtpHop } from '../../src/route/next-hop.ts';
import type { RelayPlan } from '../../src/route/types.ts';
import type { HopTlsPolicy } from '../../src/values/tls-policy.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const hourMs = 3_600_000;

const verified: HopTlsPolicy = {
  level: 'verified',
  from: 'mta-sts',
  policyDomain: 'example.com',
  serverName: 'a.mx',
  names: ['a.mx'],
  fingerprints: [],
  tlsa: [],
  implicit: false,
  needsRequireTls: false,
  settings: '',
};

const plan: RelayPlan = {
  kind: 'relay',
  site: 's',
  label: 's',
  addresses: [
    { ...smtpHop('a.mx', '192.0.2.1', 25, 10), tls: verified },
    smtpHop('b.mx', '192.0.2.2', 25, 20),
    smtpHop('c.mx', '192.0.2.3', 25, 30),
  ],
  tlsFacts: {
    sts: {
      kind: 'policy',
      mode: 'enforce',
      id: '20260101',
      mx: ['a.mx', '*.example.com'],
      fetchedAtMs: nowMs - 3 * hourMs,
      expiresAtMs: nowMs + 24 * hourMs,
      ttlSeconds: 60,
    },
    leftOut: ['d.mx is not in the MTA-STS policy of example.com'],
  },
};

test('each host has its policy and its last handshake, and the published policy its age', () => {
  const handshakes = new LastHandshakes(() => nowMs - hourMs);
  handshakes.opened(1, '192.0.2.1:25');
  handshakes.told(1, {
    kind: 'secured',
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    verification: 'name',
    resumed: false,
  });
  handshakes.opened(2, '192.0.2.2:25');
  handshakes.told(2, { kind: 'clear', result: 'starttls-not-supported', reason: 'no STARTTLS' });
  const lines = tlsLines(explainTls(plan, handshakes), nowMs).join('\n').split('\n');
  assert.deepEqual(
    lines.map((line) => line.replaceAll(/ {2,}/gu, '  ').trimEnd()).filter((line) => line !== ''),
    [
      'ENDPOINT  TLS  BY  LAST HANDSHAKE',
      '192.0.2.1:25  verified  MTA-STS of example.com  TLSv1.3 TLS_AES_256_GCM_SHA384 (name), 1h ago',
      '192.0.2.2:25  opportunistic  the default  in clear: no STARTTLS, 1h ago',
      '192.0.2.3:25  opportunistic  the default  -',
      'MTA-STS  enforce, id 20260101, fetched 3h ago, holds until 2026-01-02T12:00:00.000Z',
      '  its hosts: a.mx, *.example.com',
      'Left out  d.mx is not in the MTA-STS policy of example.com',
    ],
  );
});

test('what a connection says after its end, or without having been opened, is of no host', () => {
  const handshakes = new LastHandshakes(() => nowMs);
  const failed = { kind: 'failed', result: 'validation-failure', reason: 'x' } as const;
  handshakes.told(1, failed);
  handshakes.opened(1, '192.0.2.1:25');
  handshakes.closed(1);
  handshakes.told(1, failed);
  assert.equal(handshakes.of('192.0.2.1:25'), undefined);
});

test('the last handshakes of many hosts are bounded', () => {
  const handshakes = new LastHandshakes(() => nowMs);
  const clear = { kind: 'clear', result: 'starttls-not-supported', reason: 'x' } as const;
  for (let at = 0; at < 50_000; at++) {
    handshakes.opened(at, `h${at}`);
    handshakes.told(at, clear);
    handshakes.closed(at);
  }
  assert.equal(handshakes.of('h0'), undefined);
  assert.notEqual(handshakes.of('h49999'), undefined);
});

test('without hosts that can have TLS, nothing is said of it', () => {
  assert.deepEqual(tlsLines(undefined, nowMs), []);
  assert.deepEqual(tlsLines({ hosts: [], leftOut: [] }, nowMs), []);
});
