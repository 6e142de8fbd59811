// The cases of mox for MTA-STS: records, policy files, and which MX hosts fit (RFC 8461 3.1, 3.2, 4.1).

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fitsMx } from '../../src/sts/mx-match.ts';
import { readStsPolicy } from '../../src/sts/sts-policy.ts';
import { readStsRecords } from '../../src/sts/sts-record.ts';

interface Case {
  readonly text: string;
  readonly note?: string;
}
interface Cases {
  readonly records: { readonly valid: readonly (Case & { id: string })[]; readonly invalid: readonly Case[] };
  readonly policies: {
    readonly valid: readonly (Case & { mode: string; max_age: number; mx: readonly string[] })[];
    readonly invalid: readonly Case[];
  };
  readonly mx_match: Readonly<Record<'patterns' | 'match' | 'no_match', readonly string[]>>;
}

const file = new URL('../../../shared/suites/mta-sts/cases.json', import.meta.url);

if (existsSync(file)) {
  const { records, policies, mx_match: match } = JSON.parse(readFileSync(file, 'utf8')) as Cases;

  test('the suite is read completely', () => {
    const counts = [records.valid, records.invalid, policies.valid, policies.invalid].map(
      (each) => each.length,
    );
    assert.deepEqual(counts, [4, 14, 3, 21]);
  });
  for (const { text, id } of records.valid) {
    test(`the record ${JSON.stringify(text)} has the id ${id}`, () => {
      assert.deepEqual(readStsRecords([text]), { kind: 'record', id });
    });
  }
  for (const { text, note } of records.invalid) {
    test(`the record ${JSON.stringify(text)} is not used: ${note ?? 'it is of another version'}`, () => {
      assert.notEqual(readStsRecords([text]).kind, 'record');
    });
  }
  for (const { text, mode, max_age: maxAgeSeconds, mx } of policies.valid) {
    test(`the policy ${JSON.stringify(text)} is valid`, () => {
      assert.deepEqual(readStsPolicy(text), { kind: 'policy', mode, mx, maxAgeSeconds });
    });
  }
  for (const { text, note } of policies.invalid) {
    test(`the policy ${JSON.stringify(text)} is invalid: ${note ?? ''}`, () => {
      assert.equal(readStsPolicy(text).kind, 'invalid');
    });
  }
  for (const host of match.match) test(`${host} fits`, () => assert.ok(fitsMx(match.patterns, host)));
  for (const host of match.no_match) {
    test(`${host} does not fit`, () => assert.ok(!fitsMx(match.patterns, host)));
  }
} else {
  test('the cases of MTA-STS', { skip: 'shared/suites/mta-sts is not there' }, () => undefined);
}
