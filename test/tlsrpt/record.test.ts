// Records by which domains ask for TLS reports (RFC 8460 3): the cases of others, and hostile ones.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseRecord, readRecords } from '../../src/tlsrpt/record.ts';

interface Cases {
  readonly records: {
    readonly valid: readonly { readonly text: string; readonly rua: readonly string[] }[];
    readonly invalid: readonly { readonly text: string }[];
  };
}

const cases = new URL('../../../shared/suites/tlsrpt/records.json', import.meta.url);

if (existsSync(cases)) {
  const { records } = JSON.parse(readFileSync(cases, 'utf8')) as Cases;
  for (const { text, rua } of records.valid) {
    test(`valid: ${JSON.stringify(text)}`, () => {
      const record = parseRecord(text);
      assert.ok(record.kind === 'record', JSON.stringify(record));
      assert.deepEqual(record.rua, rua);
    });
  }
  for (const { text } of records.invalid) {
    test(`invalid: ${JSON.stringify(text)}`, () => assert.equal(parseRecord(text).kind, 'invalid'));
  }
} else {
  test('cases of others', { skip: 'shared/suites/tlsrpt is not there' }, () => undefined);
}

test('other TXT records are discarded, and two about reports are as bad as none', () => {
  const good = 'v=TLSRPTv1; rua=mailto:a@b.test';
  assert.equal(readRecords(['v=spf1 -all', 'v=TLSRPTv2; x']), undefined);
  assert.equal(readRecords(['v=spf1 -all', good])?.kind, 'record');
  assert.equal(readRecords([good, good])?.kind, 'invalid');
});

test('of the URIs, those are kept that Sluice can report to', () => {
  const of = (rua: string) => {
    const record = parseRecord(`v=TLSRPTv1; rua=${rua}`);
    return record.kind === 'record' ? record.uris : record.reason;
  };
  assert.deepEqual(of('mailto:a@B.test,https://c.test/d?e=f#g,ftp://h.test/'), [
    { kind: 'mailto', address: 'a@b.test', host: 'b.test' },
    { kind: 'https', url: 'https://c.test/d?e=f', host: 'c.test' },
  ]);
  assert.deepEqual(of('mailto:a%2Bb@c.test?subject=x&bcc=d@e.test'), [
    { kind: 'mailto', address: 'a+b@c.test', host: 'c.test' },
  ]);
  for (const hostile of [
    'mailto:a@[127.0.0.1]',
    'mailto:a@localhost',
    'mailto:a%0d%0aBcc:%20x@b.test',
    'mailto:a%20b@c.test',
    'mailto:a@b.test%2Cc@d.test',
    'mailto:%ff@b.test',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://localhost/',
    'https://user:password@a.test/',
    'https://[::1]/',
    'https:/',
  ]) {
    assert.deepEqual(of(hostile), [], hostile);
  }
});

test('a long record, and many URIs, are bounded', () => {
  assert.equal(parseRecord(`v=TLSRPTv1; rua=mailto:a@b.test; x=${'y'.repeat(9_000)}`).kind, 'invalid');
  const many = Array.from({ length: 50 }, (_, at) => `mailto:a${at}@b.test`).join(',');
  const record = parseRecord(`v=TLSRPTv1; rua=${many}`);
  assert.ok(record.kind === 'record');
  assert.equal(record.uris.length, 5);
});
