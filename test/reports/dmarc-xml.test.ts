// Aggregate reports as XML: of the form of RFC 9990, well-formed whatever strangers have said, and read back as what was counted. The reader
// that judges them has to read the reports of others first.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { dmarcXml, type DmarcReportFacts } from '../../src/reports/dmarc-xml.ts';
import type { AggregateRow, PublishedPolicy } from '../../src/verification/aggregate-row.ts';
import { schemaFaults } from './dmarc-schema.ts';
import { readReport, type ReadReport } from './read-report.ts';
import { readXml } from './xml.ts';

const suite = new URL('../../../shared/suites/dmarc-reports/', import.meta.url);

const policy: PublishedPolicy = {
  domain: 'example.com',
  p: 'quarantine',
  sp: 'none',
  np: 'reject',
  adkim: 'strict',
  aspf: 'relaxed',
  isTest: true,
  fo: '1:d',
};
const row: AggregateRow = {
  sourceIp: '2001:db8::7',
  disposition: 'none',
  dkim: 'fail',
  spf: 'fail',
  reasons: [{ type: 'local_policy', comment: 'dmarc_fail = mark' }],
  headerFrom: 'news.example.com',
  envelopeFrom: '',
  signatures: [{ domain: 'other.test', selector: 's', result: 'permerror' }],
  spfResult: { domain: 'mx.other.test', result: 'softfail' },
};
const facts: DmarcReportFacts = {
  reporter: {
    hostname: 'mx.sluice.test',
    organization: 'Example Ltd',
    contact: 'postmaster@sluice.test',
    extraContact: 'https://sluice.test/?a=1&b=2',
    from: 'reports@sluice.test',
  },
  day: '2026-11-28',
  id: '2026-11-28.dmarc.example.com@mx.sluice.test',
  generator: 'Sluice 1.0.0',
  policy,
  rows: [{ row, count: 7 }],
  error: '',
};

test('a report has the form of RFC 9990, and says what was counted', () => {
  const xml = dmarcXml(facts);
  assert.deepEqual(schemaFaults(readXml(xml)), []);
  assert.deepEqual(readReport(xml), {
    version: 1,
    organization: 'Example Ltd',
    email: 'postmaster@sluice.test',
    extraContact: 'https://sluice.test/?a=1&b=2',
    id: facts.id,
    begin: 1_795_824_000,
    end: 1_795_910_399,
    policy: {
      domain: 'example.com',
      discovery_method: 'treewalk',
      p: 'quarantine',
      sp: 'none',
      np: 'reject',
      fo: '1:d',
      adkim: 's',
      aspf: 'r',
      testing: 'y',
    },
    records: [
      {
        sourceIp: '2001:db8::7',
        count: 7,
        disposition: 'none',
        dkim: 'fail',
        spf: 'fail',
        reasons: [{ type: 'local_policy', comment: 'dmarc_fail = mark' }],
        identifiers: { header_from: 'news.example.com', envelope_from: '' },
        signatures: [{ domain: 'other.test', selector: 's', result: 'permerror' }],
        spfResults: [{ domain: 'mx.other.test', scope: 'mfrom', result: 'softfail' }],
      },
    ],
  } satisfies ReadReport);
});

test('whatever strangers say, a report is well-formed and has its form', () => {
  const strange = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }),
    fc.constantFrom(
      ']]>',
      '<!--',
      '</domain><domain>',
      '&lt;&#0;&',
      '\0\b\v\f\u001b',
      '\ud800',
      '\ufffe\uffff',
      '<?xml?>',
      '"\'',
      '\u0085\u2028',
    ),
  );
  fc.assert(
    fc.property(strange, strange, strange, strange, strange, (a, b, c, d, e) => {
      const hostile: AggregateRow = {
        ...row,
        headerFrom: a,
        envelopeFrom: b,
        signatures: [{ domain: c, selector: d, result: 'fail' }],
        spfResult: { domain: e, result: 'none' },
        reasons: [{ type: 'other', comment: a }],
      };
      const { reporter } = facts;
      const xml = dmarcXml({
        ...facts,
        reporter: { ...reporter, organization: b },
        policy: { ...policy, domain: a, fo: c },
        rows: [{ row: hostile, count: 1 }],
        error: d,
      });
      assert.deepEqual(schemaFaults(readXml(xml)), []);
    }),
    { numRuns: 300 },
  );
});

test('the checker of the form finds what is wrong', () => {
  const xml = dmarcXml(facts);
  for (const [from, to] of [
    ['<version>1.0</version>', '<version>2.0</version>'],
    ['xmlns="urn:ietf:params:xml:ns:dmarc-2.0"', ''],
    ['<p>quarantine</p>', '<p>block</p>'],
    ['<p>quarantine</p>', ''],
    ['<scope>mfrom</scope>', '<scope>helo</scope>'],
    ['<count>7</count>', '<count>-7</count>'],
    ['<testing>y</testing>', '<pct>100</pct>'],
    ['<type>local_policy</type>', '<type>sampled_out</type>'],
  ] as const) {
    assert.ok(xml.includes(from), from);
    assert.notDeepEqual(schemaFaults(readXml(xml.replace(from, to))), [], to);
  }
  for (const broken of [
    '<a><b></a></b>',
    '<a>&x;</a>',
    '<a>\u0001</a>',
    '<a>',
    '<a></a><b></b>',
    '<a>]]></a>',
  ])
    assert.throws(() => readXml(broken), SyntaxError, broken);
});

if (existsSync(suite)) {
  for (const name of readdirSync(suite).filter((each) => each.endsWith('.json'))) {
    test(`the reader that judges our reports reads ${name.slice(0, 3)} of others`, () => {
      const wanted = JSON.parse(readFileSync(new URL(name, suite), 'utf8')) as Expected;
      assert.deepEqual(inTheirWords(readReport(xmlOf(name.slice(0, 3)))), wordsOf(wanted));
    });
  }
} else {
  test('reports of others', { skip: 'shared/suites/dmarc-reports is not there' }, () => undefined);
}

/** The report as XML: from its file, or out of its message. */
function xmlOf(number: string): string {
  const plain = new URL(`${number}.xml`, suite);
  if (existsSync(plain)) return readFileSync(plain, 'utf8');
  const mail = readFileSync(new URL(`${number}.eml`, suite), 'latin1');
  for (const [, base64 = ''] of mail.matchAll(/\r?\n\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)/g)) {
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length < 100) continue;
    if (bytes.readUInt16BE(0) === 0x1f8b) return gunzipSync(bytes).toString('utf8');
    // A ZIP file with one file in it, from its local header on.
    if (bytes.toString('latin1', 0, 2) === 'PK') {
      return inflateRawSync(bytes.subarray(30 + bytes.readUInt16LE(26) + bytes.readUInt16LE(28))).toString(
        'utf8',
      );
    }
  }
  throw new Error(`${number}.eml has no report`);
}

interface Expected {
  readonly report_metadata: {
    readonly org_name: string;
    readonly email: string;
    readonly extra_contact_info: string | null;
    readonly report_id: string;
    readonly date_range: { readonly begin: number; readonly end: number };
  };
  readonly policy_published: { readonly domain: string; readonly p: string; readonly sp: string };
  readonly version: number;
  readonly record: readonly {
    readonly row: {
      readonly source_ip: string;
      readonly count: number;
      readonly policy_evaluated: {
        readonly disposition: string;
        readonly dkim: string;
        readonly spf: string;
        readonly reason: readonly { readonly type_: string; readonly comment: string | null }[];
      };
    };
    readonly identifiers: { readonly envelope_from: string; readonly header_from: string };
    readonly auth_results: {
      readonly dkim: readonly {
        readonly domain: string;
        readonly selector: string;
        readonly result: string;
      }[];
      readonly spf: readonly { readonly domain: string; readonly scope: string; readonly result: string }[];
    };
  }[];
}

/** `TrustedForwarder` is `trusted_forwarder` in XML; what is not there is empty. */
function word(text: string): string {
  const words = text.replaceAll(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase();
  return { unspecified: '', mail_from: 'mfrom' }[words] ?? words;
}

function wordsOf({ version, report_metadata: metadata, policy_published: published, record }: Expected) {
  return {
    version,
    metadata: [metadata.org_name, metadata.email, metadata.extra_contact_info ?? '', metadata.report_id],
    range: [metadata.date_range.begin, metadata.date_range.end],
    policy: [published.domain, word(published.p), word(published.sp)],
    records: record.map(
      ({ row: { source_ip: ip, count, policy_evaluated: by }, identifiers, auth_results: found }) => ({
        row: [ip, count, word(by.disposition), word(by.dkim), word(by.spf)],
        reasons: by.reason.map(({ type_: type, comment }) => [word(type), comment ?? '']),
        identifiers: [identifiers.header_from, identifiers.envelope_from],
        dkim: found.dkim.map(({ domain, selector, result }) => [domain, selector, word(result)]),
        spf: found.spf.map(({ domain, scope, result }) => [domain, word(scope), word(result)]),
      }),
    ),
  };
}

function inTheirWords(read: ReadReport) {
  return {
    version: Number.isNaN(read.version) ? 0 : read.version,
    metadata: [read.organization, read.email, read.extraContact, read.id],
    range: [read.begin, read.end],
    policy: [read.policy['domain'], read.policy['p'] ?? '', read.policy['sp'] ?? ''],
    records: read.records.map((each) => ({
      row: [each.sourceIp, each.count, each.disposition, each.dkim, each.spf],
      // RFC 9990 has this type no more, and they take it for "other".
      reasons: each.reasons.map(({ type, comment }) => [type === 'sampled_out' ? 'other' : type, comment]),
      identifiers: [each.identifiers['header_from'], each.identifiers['envelope_from'] ?? ''],
      dkim: each.signatures.map((one) => [one['domain'], one['selector'] ?? '', one['result']]),
      spf: each.spfResults.map((one) => [one['domain'], one['scope'] ?? '', one['result']]),
    })),
  };
}
