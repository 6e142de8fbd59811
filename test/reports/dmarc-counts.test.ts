// Counts for aggregate reports of DMARC: what a message adds, how receivers gather it, and what bounds it all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import type { SignatureResult } from '../../src/dkim/types.ts';
import type { DmarcRecord } from '../../src/dmarc/parse-record.ts';
import { type AggregatedPortion, DmarcCollector } from '../../src/reports/dmarc-collector.ts';
import { DmarcCounts } from '../../src/reports/dmarc-counts.ts';
import { type AggregatedMail, aggregatedMail } from '../../src/verification/aggregate-row.ts';
import type { Findings } from '../../src/verification/findings.ts';
import { isReport } from '../../src/verification/is-report.ts';
import type { Policy } from '../../src/verification/policy.ts';

const day = '2026-11-28';
const record: DmarcRecord = {
  p: 'reject',
  sp: undefined,
  np: undefined,
  adkim: 'relaxed',
  aspf: 'relaxed',
  psd: 'u',
  isTest: false,
  rua: 'mailto:a@owner.test',
  fo: '',
};
const signature: SignatureResult = {
  method: 'dkim',
  result: 'pass',
  domain: 'owner.test',
  selector: 's',
  identity: undefined,
  algorithm: 'rsa-sha256',
  signature: 'x',
  reason: undefined,
  isTesting: false,
};
const findings: Findings = {
  client: '192.0.2.1',
  helo: 'client.test',
  iprev: { result: 'pass', name: 'client.test', reason: '' },
  spf: { mailFrom: { result: 'pass', domain: 'owner.test', reason: '' }, helo: undefined },
  signatures: [],
  arc: undefined,
  dmarc: {
    result: 'pass',
    author: 'owner.test',
    policy: 'reject',
    policyDomain: 'owner.test',
    record,
    aligned: ['spf'],
    reason: '',
  },
  authorFault: undefined,
};
const policy = { dmarcFail: 'policy' } as Policy;
const failed: Findings = { ...findings, dmarc: { ...findings.dmarc, result: 'fail', aligned: [] } };

function rowOf(found: Findings, by: Partial<Policy> = {}, isTest = false) {
  return aggregatedMail(found, { ...policy, ...by }, isTest, 'a@owner.test')?.row;
}

test('what DMARC came to is in the row, and why it is not what the domain asks for', () => {
  const told = (found: Findings, by: Partial<Policy> = {}, isTest = false) => {
    const row = rowOf(found, by, isTest);
    return [row?.disposition, row?.dkim, row?.spf, row?.reasons.map(({ type }) => type).join(',')];
  };
  assert.deepEqual(told(findings), ['pass', 'fail', 'pass', '']);
  assert.deepEqual(told({ ...findings, dmarc: { ...findings.dmarc, policy: 'none' } }), [
    'none',
    'fail',
    'pass',
    '',
  ]);
  assert.deepEqual(told(failed), ['reject', 'fail', 'fail', '']);
  assert.deepEqual(told(failed, { dmarcFail: 'quarantine' }), ['quarantine', 'fail', 'fail', 'local_policy']);
  assert.deepEqual(told(failed, { dmarcFail: 'mark' }), ['none', 'fail', 'fail', 'local_policy']);
  assert.deepEqual(told(failed, {}, true), ['none', 'fail', 'fail', 'local_policy']);
  const arc = { result: 'pass', reason: undefined, sealers: ['l.test'], authenticationResults: '' } as const;
  assert.deepEqual(told({ ...failed, arc: { ...arc, vouches: true } }), [
    'none',
    'fail',
    'fail',
    'trusted_forwarder',
  ]);
  const testing = { ...failed.dmarc, policy: 'quarantine' as const, record: { ...record, isTest: true } };
  assert.deepEqual(told({ ...failed, dmarc: testing }), ['quarantine', 'fail', 'fail', 'policy_test_mode']);
  assert.deepEqual(told({ ...failed, dmarc: { ...failed.dmarc, result: 'temperror' } }), [
    'none',
    'fail',
    'fail',
    'other',
  ]);
});

test('the signatures that tell most come first, and there are ten at most', () => {
  const signatures = [
    { ...signature, result: 'fail', domain: 'owner.test', selector: 'broken' },
    { ...signature, domain: 'other.test' },
    signature,
    { ...signature, method: 'domainkeys', selector: 'old' },
    { ...signature, domain: '' },
    ...Array.from({ length: 20 }, (_, at) => ({ ...signature, result: 'neutral', selector: `n${at}` })),
  ] as readonly SignatureResult[];
  const found = rowOf({ ...findings, signatures })?.signatures ?? [];
  assert.deepEqual(
    found.slice(0, 3).map(({ domain, selector, result }) => `${domain} ${selector} ${result}`),
    ['owner.test s pass', 'other.test s pass', 'owner.test broken fail'],
  );
  assert.equal(found.length, 10);
});

test('nobody hears of mail whose domain asks for no report, or whose author is unknown', () => {
  const dmarc = { ...findings.dmarc, record: { ...record, rua: '' } };
  assert.equal(rowOf({ ...findings, dmarc }), undefined);
  assert.equal(rowOf({ ...findings, dmarc: { ...findings.dmarc, record: undefined } }), undefined);
  assert.equal(rowOf({ ...findings, authorFault: 'there are two From fields' }), undefined);
  assert.equal(rowOf({ ...findings, client: '' }), undefined);
});

test('reports are known by their subject, folded or not', () => {
  const of = (value: string) => isReport([{ name: 'subject', value, bytes: Buffer.from('') }]);
  assert.ok(of(' Report Domain: a.test Submitter: b.test Report-ID: <c@b.test>'));
  assert.ok(of(' Report Domain: a.test\r\n    Submitter: b.test\r\n    Report-ID: <c@b.test>'));
  assert.ok(of(' Report domain: a.test Submitter: google.com Report-ID: 5264580628977113351'));
  assert.ok(!of(' Re: Report Domain: a.test Submitter: b.test'));
  assert.ok(!of(' Your report'));
  assert.ok(!isReport([]));
});

function mail(domain: string, sourceIp = '192.0.2.1'): AggregatedMail {
  const found = aggregatedMail({ ...findings, client: sourceIp }, policy, false, 'a@owner.test');
  assert.ok(found);
  return { ...found, policy: { ...found.policy, domain } };
}

test('equal results are one row with their number, over days and a restart', () => {
  const counts = new DmarcCounts(() => undefined);
  for (const each of ['2026-11-26', '2026-11-27', day, '2026-11-29'])
    counts.count(each, { ...mail('a.test'), count: 2 });
  counts.count(day, { ...mail('a.test'), count: 3 });
  counts.count(day, { ...mail('a.test', '192.0.2.2'), count: 1 });
  assert.deepEqual(counts.days, ['2026-11-27', day, '2026-11-29']);
  const after = new DmarcCounts(() => undefined);
  after.restore(structuredClone(counts.snapshot(day)));
  for (const each of [counts, after])
    assert.deepEqual(
      [...(each.of(day, 'a.test')?.rows.values() ?? [])].map(({ row, count }) => [row.sourceIp, count]),
      [
        ['192.0.2.1', 5],
        ['192.0.2.2', 1],
      ],
    );
});

test('a million domains fill what there is for them, and no more; the log is told once', () => {
  const told: string[] = [];
  const bounds = { domains: 50, rowsOfDomain: 5, rows: 100 };
  const counts = new DmarcCounts((of, what) => told.push(`${of} ${what}`), bounds);
  counts.count(day, { ...mail('honest.test'), count: 4 });
  for (let at = 0; at < 2_000; at++) counts.count(day, { ...mail(`d${at}.test`), count: 1 });
  for (let at = 0; at < 2_000; at++)
    counts.count(day, { ...mail('d1.test', `10.0.${at >> 8}.${at & 255}`), count: 1 });
  const kept = counts.snapshot(day);
  assert.equal(kept.domains.length, 50);
  assert.equal(kept.leftOut, 2_000 - 49);
  assert.equal(counts.of(day, 'd1.test')?.rows.size, 5);
  assert.equal(counts.of(day, 'd1.test')?.leftOut, 2_000 - 4);
  assert.equal([...(counts.of(day, 'honest.test')?.rows.values() ?? [])][0]?.count, 4);
  assert.deepEqual(told, [`${day} domains`, `${day} rows`]);
});

function collector() {
  const timers = new VirtualTimers();
  const posted: AggregatedPortion[] = [];
  const state = { isCongested: false };
  const made = new DmarcCollector({
    timers,
    post: (portion) => posted.push(portion),
    isCongested: () => state.isCongested,
  });
  return { timers, posted, state, made };
}

test('receivers hand on equal results once in five seconds, with their number', async () => {
  const { timers, posted, made } = collector();
  for (let at = 0; at < 1_000; at++) made.add(mail('a.test'));
  made.add(mail('b.test'));
  await timers.pass(4_999);
  assert.equal(posted.length, 0);
  await timers.pass(1);
  assert.deepEqual(
    posted.map(({ counts, leftOut }) => [
      counts.map(({ policy: { domain }, count }) => [domain, count]),
      leftOut,
    ]),
    [
      [
        [
          ['a.test', 1_000],
          ['b.test', 1],
        ],
        0,
      ],
    ],
  );
  await timers.pass(60_000);
  assert.equal(posted.length, 1);
});

test('while the manager is away, what is gathered is bounded, and the rest is counted as left out', async () => {
  const { timers, posted, state, made } = collector();
  state.isCongested = true;
  for (let at = 0; at < 5_000; at++) made.add(mail(`d${at}.test`));
  await timers.pass(60_000);
  assert.equal(posted.length, 0);
  state.isCongested = false;
  await timers.pass(5_000);
  assert.equal(
    posted.reduce((sum, { counts }) => sum + counts.length, 0),
    2_000,
  );
  assert.ok(posted.every(({ counts }) => counts.length <= 200));
  assert.equal(
    posted.reduce((sum, { leftOut }) => sum + leftOut, 0),
    3_000,
  );
});

test('a stop hands on what there is', () => {
  const { posted, made } = collector();
  made.add(mail('a.test'));
  made.stop();
  assert.equal(posted.length, 1);
});
