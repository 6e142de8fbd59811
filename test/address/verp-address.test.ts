// Senders of their own for recipients (VERP), in the form of Postfix.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMailbox } from '../../src/address/path.ts';
import { verpAddress } from '../../src/address/verp-address.ts';

for (const [sender, recipient, delimiters, expected] of [
  ['list@example.org', 'user@example.com', '+=', 'list+user=example.com@example.org'],
  ['list@example.org', 'user@example.com', '-=', 'list-user=example.com@example.org'],
  ['list-x@example.org', 'u+tag@example.com', '+=', 'list-x+u+tag=example.com@example.org'],
  ['', 'user@example.com', '+=', ''],
  // Quotes belong around a whole local part.
  ['"a b"@example.org', 'user@example.com', '+=', '"a b+user=example.com"@example.org'],
  ['list@example.org', '"a\\"b"@example.com', '+=', '"list+a\\"b=example.com"@example.org'],
  ['list@example.org', '"plain"@example.com', '+=', 'list+plain=example.com@example.org'],
  ['list@example.org', 'a..b@example.com', '+=', '"list+a..b=example.com"@example.org'],
  ['list@example.org', 'user@[192.0.2.1]', '+=', '"list+user=[192.0.2.1]"@example.org'],
  // A domain in ASCII keeps the address in ASCII (RFC 6531 3.2).
  ['list@example.org', 'user@bücher.example', '+=', 'list+user=xn--bcher-kva.example@example.org'],
  ['list@example.org', 'jürgen@example.com', '+=', 'list+jürgen=example.com@example.org'],
] as const) {
  test(`<${sender}> to <${recipient}> with ${delimiters} is <${expected}>`, () => {
    assert.equal(verpAddress(sender, recipient, delimiters), expected);
  });
}

test('what is made of two valid addresses is valid, and tells which recipient it is for', () => {
  const atom = fc.stringMatching(/^[!#$%&'*+\-/=?^_`{|}~0-9A-Za-z]{1,20}$/u);
  const quoted = fc.stringMatching(/^[ -~]{0,20}$/u).map((text) => `"${text.replaceAll(/["\\]/gu, '\\$&')}"`);
  const mailbox = fc.oneof(atom, quoted).map((local) => `${local}@example.com`);
  fc.assert(
    fc.property(mailbox, mailbox, fc.stringMatching(/^[-=+]{2}$/u), (sender, recipient, delimiters) => {
      const made = verpAddress(sender, recipient, delimiters);
      assert.equal(parseMailbox(made).kind, 'mailbox', made);
      assert.ok(made.endsWith('@example.com'));
    }),
  );
});
