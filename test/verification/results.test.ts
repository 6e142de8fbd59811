// The Authentication-Results field: whatever strangers say, ours is well-formed, and none of theirs gets past with our name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SignatureResult } from '../../src/dkim/types.ts';
import { EditableHeader, fieldEditFault } from '../../src/message/editable-header.ts';
import { authenticationResults } from '../../src/verification/authentication-results.ts';
import type { Findings } from '../../src/verification/findings.ts';
import { forgedFields } from '../../src/verification/forged-results.ts';

const id = 'mx.example.org';
/** Texts that try to break out. */
const hostile = fc.string({
  unit: fc.constantFrom(
    'a',
    '.',
    ' ',
    '"',
    '\\',
    '(',
    ')',
    ';',
    '=',
    '\r',
    '\n',
    '\0',
    '\t',
    'é',
    '\u2028',
    ',',
  ),
  maxLength: 400,
});

const findings: fc.Arbitrary<Findings> = fc
  .tuple(hostile, hostile, hostile, hostile, hostile)
  .map(([helo, domain, selector, reason, author]): Findings => {
    const signature: SignatureResult = {
      method: 'dkim',
      result: 'fail',
      domain,
      selector,
      identity: undefined,
      algorithm: selector,
      signature: helo,
      reason,
      isTesting: false,
    };
    return {
      client: '2001:db8::1',
      helo,
      iprev: { result: 'fail', name: '', reason },
      spf: {
        mailFrom: { result: 'fail', domain, reason },
        helo: { result: 'permerror', domain: helo, reason },
      },
      signatures: [signature],
      arc: { result: 'fail', reason, sealers: [domain], authenticationResults: helo, vouches: false },
      dmarc: {
        result: 'fail',
        author,
        policy: 'reject',
        policyDomain: author,
        aligned: [],
        record: undefined,
        reason,
      },
      authorFault: undefined,
    };
  });

test('property: whatever strangers say, the field is one field with the results that were found', () => {
  fc.assert(
    fc.property(findings, (found) => {
      const value = authenticationResults(found, { authservId: id, leftOut: new Set(), comment: '' });
      assert.equal(fieldEditFault({ kind: 'add-field', name: 'Authentication-Results', value }), undefined);
      assert.match(value, /^[\x20-\x7e]*(?:\r\n[\t ]+[\x21-\x7e][\x20-\x7e]*)*$/);
      const header = new EditableHeader(Buffer.from(`Authentication-Results: ${value}\r\n`));
      assert.equal(header.fields.length, 1);
      const plain = value.replaceAll(/"(?:[^"\\]|\\.)*"/g, '');
      assert.doesNotMatch(plain, /["\\()]/);
      const [head, ...results] = plain.split(';').map((part) => part.trim());
      assert.equal(head, id);
      assert.deepEqual(
        results.map((result) => result.split(/[\s]/)[0]),
        ['iprev=fail', 'spf=fail', 'spf=permerror', 'dkim=fail', 'arc=fail', 'dmarc=fail'],
      );
    }),
  );
});

/** Comments, folds and blanks, RFC 5322 3.2.2. */
const cfws = fc
  .array(fc.constantFrom(' ', '\t', '\r\n ', '(x)', '(a (b) c)', '(\\) ;)', '("; )', '()'), { maxLength: 4 })
  .map((parts) => parts.join(''));
const written = fc.constantFrom(id, id.toUpperCase(), `"${id}"`, '"mx\\.example.org"', 'Mx.Example.Org');
const version = fc.constantFrom('', ' 1', ' (v) 12', '\r\n\t1');
const rest = fc.constantFrom('', ';', '; none', '; dmarc=pass header.from=a.test', ';\r\n\tspf=pass');

test('property: a field with our name is found, however it is written', () => {
  fc.assert(
    fc.property(cfws, written, version, cfws, rest, (before, name, number, after, results) => {
      const value = `${before}${name}${number}${after}${results}`;
      const header = new EditableHeader(Buffer.from(`Authentication-Results:${value}\r\n`));
      const forged = forgedFields(header, id);
      assert.equal(forged.kind, 'fields', JSON.stringify(value));
    }),
  );
});

/** Whether the field with this value is taken for ours. */
function isOurs(value: string): boolean {
  const header = new EditableHeader(Buffer.from(`Authentication-Results: ${value}\r\n`));
  return forgedFields(header, id).kind === 'fields';
}

test('a field that is malformed before its results, and has our name in it, is found', () => {
  for (const value of [
    `${id}, dkim=pass`,
    `${id}: dkim=pass`,
    `<${id}>; dkim=pass`,
    `@${id}; dkim=pass`,
    `[${id}]; dkim=pass`,
    `;${id}; dkim=pass`,
    `=${id}; dkim=pass`,
    `/ ${id}; dkim=pass`,
    `() ${id.toUpperCase()}, x; dkim=pass`,
    `"${id}; dkim=pass`,
    `(${id}; dkim=pass`,
    `(a ${id}; dkim=pass`,
    `) ${id}; dkim=pass`,
    `x) ${id}; dkim=pass`,
    `"mx.exa"(x)"mple.org", ; dkim=pass`,
    `mx.example(x).org, dkim=pass`,
    `mx.\r\n example.org, dkim=pass`,
    `mx\\.example.org, dkim=pass`,
    `mx.(a (b) c)example.org, dkim=pass`,
    `${' '.repeat(5000)}${id}; dkim=pass`,
    `(${'x'.repeat(5000)}) ${id}; dkim=pass`,
  ])
    assert.equal(isOurs(value), true, value);
});

test('a malformed field of others stays, and so does our name among the results of others', () => {
  for (const value of [
    'other.test, dkim=pass',
    '<other.test>; dkim=pass',
    '(other.test; dkim=pass',
    '',
    '; none',
    `other.test; spf=pass smtp.helo=${id}`,
    `other.test 1; dkim=pass header.d="${id}"`,
    `other.test (seen by ${id}); dkim=pass`,
  ])
    assert.equal(isOurs(value), false, value);
});

test('property: fields with the names of others stay', () => {
  const other = fc.constantFrom(
    'mx.example.orga',
    'x.mx.example.org',
    'example.org',
    'mx-example.org',
    '"other"',
    'mx.example.org.test',
  );
  fc.assert(
    fc.property(cfws, other, version, cfws, rest, (before, name, number, after, results) => {
      const value = `${before}${name}${number}${after}${results}`;
      const header = new EditableHeader(Buffer.from(`Authentication-Results:${value}\r\n`));
      assert.equal(forgedFields(header, id).kind, 'none', JSON.stringify(value));
    }),
  );
});

test('values are plain where they can be, and quoted otherwise', () => {
  const found: Findings = {
    client: '192.0.2.1',
    helo: '[192.0.2.1]',
    iprev: { result: 'pass', name: 'mail.example.net', reason: '' },
    spf: { mailFrom: { result: 'none', domain: '[192.0.2.1]', reason: 'it is no name' }, helo: undefined },
    signatures: [],
    arc: undefined,
    dmarc: {
      result: 'permerror',
      author: '',
      policy: 'none',
      policyDomain: '',
      aligned: [],
      record: undefined,
      reason: 'a "quoted" \\ text',
    },
    authorFault: 'x',
  };
  assert.equal(
    authenticationResults(found, { authservId: id, leftOut: new Set(), comment: 'test: no consequence' }),
    [
      'mx.example.org',
      '\t(test: no consequence);',
      '\tiprev=pass policy.iprev=192.0.2.1 policy.iprev-name=mail.example.net;',
      '\tspf=none smtp.helo="[192.0.2.1]";',
      '\tdkim=none;',
      '\tdmarc=permerror',
      '\t reason="a \\"quoted\\" \\\\ text"',
    ].join('\r\n'),
  );
  const unknown = authenticationResults(
    { ...found, client: '', iprev: { result: 'temperror', name: '', reason: '' } },
    { authservId: id, leftOut: new Set(), comment: '' },
  );
  assert.match(unknown, /^\tiprev=temperror;\r$/m, 'a client without an address has no property');
  const nothing = new Set(['iprev', 'spf', 'dkim', 'dmarc'] as const);
  assert.equal(
    authenticationResults(found, { authservId: id, leftOut: nothing, comment: '' }),
    'mx.example.org; none',
  );
});
