// What is appended to recipients for clients that relay with a text, as qmail-smtpd appends RELAYCLIENT.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { appendSuffix } from '../../src/address/append-suffix.ts';
import { parseMailbox, parsePath } from '../../src/address/path.ts';

test('a text is appended to an address, with quotes where the result needs them', () => {
  for (const [address, suffix, expected] of [
    ['joe@example.com', '@fax', '"joe@example.com"@fax'],
    ['joe@example.com', '.relay@fax.example', '"joe@example.com.relay"@fax.example'],
    ['joe@example.com', '.fax', 'joe@example.com.fax'],
    ['"j d"@example.com', '@fax', '"j d@example.com"@fax'],
    ['"a\\"b\\\\c"@example.com', '@fax', '"a\\"b\\\\c@example.com"@fax'],
    ['"joe"@example.com', '@fax', '"joe@example.com"@fax'],
    ['joe@[192.0.2.1]', '@fax', '"joe@[192.0.2.1]"@fax'],
    ['jörg@bücher.example', '@fax', '"jörg@bücher.example"@fax'],
    ['postmaster', '@fax', 'postmaster@fax'],
    ['Postmaster', '.a@fax', 'Postmaster.a@fax'],
    ['joe@[192.0.2.1]', '.fax', undefined],
    ['postmaster', '.fax', undefined],
    ['joe@example.com', '@', undefined],
    ['joe@example.com', '@fax..example', undefined],
    ['joe@example.com', '@fax>', undefined],
    ['joe@example.com', '@fax\r\nDATA', undefined],
    ['joe@example.com', '\0@fax', undefined],
    ['joe@example.com', ' @fax', '"joe@example.com "@fax'],
    ['joe@example.com', `@${'a.'.repeat(130)}b`, undefined],
  ] as const)
    assert.equal(appendSuffix(address, suffix), expected, `${address} ${JSON.stringify(suffix)}`);
});

test('whatever is appended, the result is one address of the domain in the text, or there is none', () => {
  const local = fc.stringMatching(/^(?:[a-z!#$%&'*+\-/=?^_`{|}~é.]{1,8}|"(?:[ -!#-[\]-~]|\\[ -~]){0,8}")$/u);
  const suffix = fc.oneof(
    fc.string({ maxLength: 12, unit: 'binary' }),
    fc
      .tuple(fc.string({ maxLength: 5 }), fc.constantFrom('fax', 'a.example', '[192.0.2.1]'))
      .map((both) => both.join('@')),
  );
  fc.assert(
    fc.property(local, suffix, (localPart, text) => {
      const address = `${localPart}@example.com`;
      fc.pre(parseMailbox(address).kind === 'mailbox');
      const appended = appendSuffix(address, text);
      if (appended === undefined) return;
      const path = parsePath(`<${appended}>`, { allowUtf8: true });
      assert.ok(path.kind === 'mailbox' && path.end === appended.length + 2, appended);
      assert.doesNotMatch(appended, /[\0-\x1f\x7f]/u);
      if (text.includes('@'))
        assert.equal(`@${path.domain}`, text.slice(text.lastIndexOf('@')).replace(/(?<=.)\.$/u, ''));
    }),
    { numRuns: 2_000 },
  );
});
