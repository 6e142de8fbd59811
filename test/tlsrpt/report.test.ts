// TLS reports (RFC 8460): what is counted, what bounds it, and the form of the JSON.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { makeReport } from '../../src/reports/report.ts';
import { reportMail } from '../../src/reports/report-mail.ts';
import { tlsReport } from '../../src/tlsrpt/report-json.ts';
import { reportFaults } from './report-schema.ts';
import { dayOf, type ReportedPolicy, SessionCounts } from '../../src/tlsrpt/session-counts.ts';

const day = '2016-04-01';
const policy: ReportedPolicy = {
  type: 'sts',
  domain: 'company-y.example',
  strings: ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
  hosts: ['*.mail.company-y.example'],
};
const ends = { sendingIp: '2001:db8:abcd:0012::1', host: 'mx1.mail.company-y.example', receivingIp: '' };
const expired = { result: 'certificate-expired', reason: '' } as const;
const facts = {
  day,
  organization: 'Company-X',
  contact: 'sts-reporting@company-x.example',
  id: '2016-04-01.tls.company-y.example@company-x.example',
};

test('sessions are counted by policy, and failures by their kind and their ends', () => {
  const counts = new SessionCounts();
  for (let session = 0; session < 5_326; session++) counts.succeeded(day, policy);
  for (let session = 0; session < 100; session++) counts.failed(day, policy, expired, ends);
  counts.failed(
    day,
    policy,
    { result: 'validation-failure', reason: 'x' },
    { ...ends, receivingIp: '192.0.2.1' },
  );
  const report = tlsReport(facts, counts.ofDomain(day, 'company-y.example'));
  assert.deepEqual(report['date-range'], {
    'start-datetime': '2016-04-01T00:00:00Z',
    'end-datetime': '2016-04-01T23:59:59Z',
  });
  assert.deepEqual(report.policies, [
    {
      policy: {
        'policy-type': 'sts',
        'policy-string': policy.strings,
        'policy-domain': 'company-y.example',
        'mx-host': policy.hosts,
      },
      summary: { 'total-successful-session-count': 5_326, 'total-failure-session-count': 101 },
      'failure-details': [
        {
          'result-type': 'certificate-expired',
          'sending-mta-ip': ends.sendingIp,
          'receiving-mx-hostname': ends.host,
          'failed-session-count': 100,
        },
        {
          'result-type': 'validation-failure',
          'sending-mta-ip': ends.sendingIp,
          'receiving-mx-hostname': ends.host,
          'receiving-ip': '192.0.2.1',
          'failed-session-count': 1,
          'failure-reason-code': 'x',
        },
      ],
    },
  ]);
});

const reports = new URL('../../../shared/suites/tlsrpt/reports/', import.meta.url);

if (existsSync(reports)) {
  test('a report has the form of those of others, field by field', () => {
    const counts = new SessionCounts();
    counts.succeeded(day, policy);
    counts.failed(day, policy, expired, { ...ends, receivingIp: '192.0.2.1' });
    const ours = shapes(tlsReport(facts, counts.ofDomain(day, 'company-y.example')));
    const others = new Set<string>();
    for (const name of ['rpt01.json', 'rpt02.json', 'rpt03.json']) {
      const theirs = JSON.parse(readFileSync(new URL(name, reports), 'utf8')) as unknown;
      for (const shape of shapes(theirs)) others.add(shape);
      if (name !== 'rpt03.json') {
        assert.deepEqual(reportFaults(theirs), [], name);
      }
    }
    assert.deepEqual(ours.difference(others), new Set());
  });

  for (const name of ['rpt01', 'rpt02']) {
    test(`the message of ${name} holds its report, and ours has all that it has`, () => {
      const theirs = openMail(readFileSync(new URL(`${name}.eml`, reports), 'latin1'));
      assert.deepEqual(theirs.report, JSON.parse(readFileSync(new URL(`${name}.json`, reports), 'utf8')));
      const reporter = {
        hostname: 'mx.sluice.test',
        organization: 'Example Ltd',
        contact: 'postmaster@sluice.test',
        extraContact: '',
        from: 'reports@sluice.test',
      };
      const report = makeReport({ kind: 'tls', day, domain: 'far.test' }, gzipSync('{}'), reporter);
      const ours = openMail(Buffer.from(reportMail(report, reporter, 'tls@far.test', 0)).toString('latin1'));
      // The language is that of the text for people, which needs none.
      const wanted = theirs.fields.filter((field) => field !== 'content-language');
      assert.deepEqual(
        wanted.filter((field) => !ours.fields.includes(field)),
        [],
      );
      assert.deepEqual(ours.types, ['text/plain', 'application/tlsrpt+gzip']);
      assert.deepEqual(
        theirs.types.map((type) => type.replace('+gzip', '')),
        ['text/plain', 'application/tlsrpt'],
      );
      for (const { subject } of [ours, theirs])
        assert.match(subject, /^Report Domain: \S+ Submitter: \S+ Report-ID: <\S+@\S+>$/);
    });
  }
} else {
  test('reports of others', { skip: 'shared/suites/tlsrpt is not there' }, () => undefined);
}

/** A message with a report: the names of its fields, the types of its parts, and the report. */
function openMail(mail: string) {
  const text = mail.replaceAll(/\r?\n/g, '\n');
  const [header = ''] = text.split('\n\n');
  const fields = header.replaceAll(/\n[ \t]+/g, ' ').split('\n');
  const boundary = /boundary="(.+?)"/.exec(header)?.[1] ?? '';
  const parts = text.split(`\n--${boundary}`).slice(1, -1);
  const types = parts.map((part) => /^Content-Type: ([^;\s]+)/im.exec(part)?.[1] ?? '');
  const last = parts.at(-1) ?? '';
  const body = last.slice(last.indexOf('\n\n') + 2);
  const json =
    types.at(-1)?.endsWith('+gzip') === true ? gunzipSync(Buffer.from(body, 'base64')).toString() : body;
  return {
    fields: fields.map((field) => field.slice(0, field.indexOf(':')).toLowerCase()),
    subject:
      fields
        .find((field) => field.startsWith('Subject:'))
        ?.slice(8)
        .trim() ?? '',
    types,
    report: JSON.parse(json) as unknown,
  };
}

/** The path and the type of each field. */
function shapes(value: unknown, path = ''): Set<string> {
  if (typeof value !== 'object' || value === null) return new Set([`${path} ${typeof value}`]);
  const found = new Set<string>();
  for (const [name, inner] of Object.entries(value)) {
    for (const shape of shapes(inner, Array.isArray(value) ? path : `${path}/${name}`)) found.add(shape);
  }
  return found;
}

test('three days are kept, and given back after a restart', () => {
  const counts = new SessionCounts();
  for (const each of ['2026-11-26', '2026-11-27', '2026-11-28', '2026-11-29']) counts.succeeded(each, policy);
  const after = new SessionCounts();
  after.restore(structuredClone(counts.snapshot()));
  assert.deepEqual(
    after.snapshot().map((each) => each.day),
    ['2026-11-27', '2026-11-28', '2026-11-29'],
  );
  after.succeeded('2026-11-29', policy);
  assert.equal(after.ofDomain('2026-11-29', policy.domain)[0]?.successes, 2);
});

test('policies and kinds of failures are bounded; the sums go on', () => {
  const counts = new SessionCounts();
  for (let host = 0; host < 100; host++) {
    counts.failed(day, policy, expired, { ...ends, host: `mx${host}.test` });
  }
  for (let other = 0; other < 6_000; other++) counts.succeeded(day, { ...policy, domain: `d${other}.test` });
  const [found] = counts.ofDomain(day, policy.domain);
  assert.equal(found?.failures, 100);
  assert.equal(found?.details.length, 20);
  assert.equal(counts.snapshot()[0]?.policies.length, 5_000);
});

test('a policy that changes in the day is counted beside the earlier one', () => {
  const counts = new SessionCounts();
  counts.succeeded(day, policy);
  counts.succeeded(day, { ...policy, strings: ['version: STSv1', 'mode: enforce'] });
  assert.equal(counts.ofDomain(day, policy.domain).length, 2);
});

test('days are those of UTC', () => {
  assert.equal(dayOf(Date.UTC(2026, 10, 29, 23, 59, 59, 999)), '2026-11-29');
  assert.equal(dayOf(Date.UTC(2026, 10, 30)), '2026-11-30');
});
