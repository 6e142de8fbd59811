// What `sluice explain` says about TLS with the hosts of a plan, and how people read it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tlsLines } from '../../src/cli/explain-tls.ts';
import { LastHandshakes } from '../../src/manager/last-handshakes.ts';
import { explainTls } from '../../src/manager/tls-explanation.ts';
import { smtpHop } from '../../src/route/next-hop.ts';
import type { KnownPolicy } from '../../src/sts/known-policies.ts';
import type { NextHopAddress, RelayPlan, RoutePlan } from '../../src/route/types.ts';
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

const plan: RoutePlan & RelayPlan = {
  kind: 'relay',
  validUntilMs: nowMs + 60_000,
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

function hopOf(index: number): NextHopAddress {
  const hop = plan.addresses[index];
  assert.ok(hop);
  return hop;
}

/** The lines for people, with one pair of spaces between cells. */
function linesOf(...asked: Parameters<typeof explainTls>): string[] {
  const text = tlsLines(explainTls(...asked), nowMs).join('\n');
  return text
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/gu, '  ').trimEnd())
    .filter((line) => line !== '');
}

test('each host has its policy and its last handshake, and the published policy its age', () => {
  const handshakes = new LastHandshakes(() => nowMs - hourMs);
  handshakes.opened(1, hopOf(0));
  handshakes.told(1, {
    kind: 'secured',
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    verification: 'name',
    resumed: false,
  });
  handshakes.opened(2, hopOf(1));
  handshakes.told(2, { kind: 'clear', result: 'starttls-not-supported', reason: 'no STARTTLS' });
  const lines = tlsLines(explainTls(plan, handshakes, undefined), nowMs)
    .join('\n')
    .split('\n');
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

test('a handshake of other mail with the same address is not shown as one of this policy or host', () => {
  const handshakes = new LastHandshakes(() => nowMs);
  const [first, second] = [hopOf(0), hopOf(1)];
  assert.ok(first.transport !== 'discard');
  handshakes.opened(1, { ...first, tls: undefined });
  handshakes.told(1, { kind: 'failed', result: 'validation-failure', reason: 'x' });
  handshakes.opened(2, { ...second, host: 'other.mx' });
  handshakes.told(2, { kind: 'failed', result: 'validation-failure', reason: 'x' });
  assert.equal(handshakes.of(first), undefined);
  assert.equal(handshakes.of(second), undefined);
  assert.equal(handshakes.of({ ...first, tls: undefined })?.atMs, nowMs);
});

test('a policy that allows no host is shown with its age', () => {
  const none: RoutePlan = {
    kind: 'error',
    permanent: false,
    replyCode: 451,
    enhancedStatus: '4.7.5',
    text: 'No host may be used',
    tlsFacts: plan.tlsFacts,
    validUntilMs: nowMs,
  };
  assert.deepEqual(linesOf(none, new LastHandshakes(() => nowMs), undefined), [
    'MTA-STS  enforce, id 20260101, fetched 3h ago, holds until 2026-01-02T12:00:00.000Z',
    '  its hosts: a.mx, *.example.com',
    'Left out  d.mx is not in the MTA-STS policy of example.com',
  ]);
  const other: RoutePlan = { ...none, tlsFacts: undefined };
  assert.equal(explainTls(other, new LastHandshakes(() => nowMs), undefined), undefined);
});

test('a policy that is known and not used yet is announced, one that was only fetched again is not', () => {
  const handshakes = new LastHandshakes(() => nowMs);
  const known: KnownPolicy = {
    domain: 'example.com',
    id: '20260101',
    policy: { mode: 'enforce', mx: ['a.mx', '*.example.com'], maxAgeSeconds: 86_400 },
    fetchedAtMs: nowMs - 4_000,
    usedAtMs: nowMs,
  };
  const fromMs = nowMs + 60_000;
  const latest = (next: KnownPolicy | undefined) =>
    linesOf(plan, handshakes, { known: next, fromMs }).slice(6, -1);
  assert.deepEqual(latest(known), []);
  assert.deepEqual(latest({ ...known, policy: { ...known.policy, mx: ['z.mx'] } }), [
    '  from 2026-01-01T12:01:00.000Z on: enforce, id 20260101, fetched 4s ago',
    '  its hosts: z.mx',
  ]);
  assert.deepEqual(latest(undefined), [
    '  from 2026-01-01T12:01:00.000Z on: no policy, because none is known any more',
  ]);
  const without = { ...plan, tlsFacts: undefined };
  assert.deepEqual(linesOf(without, handshakes, { known, fromMs: nowMs }).slice(4), [
    'MTA-STS  from the next attempt on: enforce, id 20260101, fetched 4s ago',
    '  its hosts: a.mx, *.example.com',
  ]);
});

test('what a connection says after its end, or without having been opened, is of no host', () => {
  const handshakes = new LastHandshakes(() => nowMs);
  const failed = { kind: 'failed', result: 'validation-failure', reason: 'x' } as const;
  handshakes.told(1, failed);
  handshakes.opened(1, hopOf(0));
  handshakes.closed(1);
  handshakes.told(1, failed);
  assert.equal(handshakes.of(hopOf(0)), undefined);
});

test('the last handshakes of many hosts are bounded', () => {
  const handshakes = new LastHandshakes(() => nowMs);
  const clear = { kind: 'clear', result: 'starttls-not-supported', reason: 'x' } as const;
  for (let at = 0; at < 50_000; at++) {
    handshakes.opened(at, smtpHop(`h${at}`, '192.0.2.1', 25, 10));
    handshakes.told(at, clear);
    handshakes.closed(at);
  }
  assert.equal(handshakes.of(smtpHop('h0', '192.0.2.1', 25, 10)), undefined);
  assert.notEqual(handshakes.of(smtpHop('h49999', '192.0.2.1', 25, 10)), undefined);
});

test('without hosts that can have TLS, nothing is said of it', () => {
  assert.deepEqual(tlsLines(undefined, nowMs), []);
  assert.deepEqual(tlsLines({ hosts: [], leftOut: [] }, nowMs), []);
});
