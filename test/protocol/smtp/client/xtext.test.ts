// xtext (RFC 3461 4): encoding, decoding, and malformed text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeXtext, encodeXtext } from '../../../../src/protocol/smtp/xtext.ts';

test('octets that need it are encoded', () => {
  assert.equal(encodeXtext(''), '');
  assert.equal(encodeXtext('user@example.com'), 'user@example.com');
  assert.equal(encodeXtext('a+b=c d\r\n~'), 'a+2Bb+3Dc+20d+0D+0A~');
  assert.equal(encodeXtext('ü'), '+C3+BC');
});

test('malformed xtext is refused', () => {
  for (const text of ['a b', 'a=b', '+', '+4', '+4g', '+2', 'a\r\n', 'ü', '+C3', '+FF', '\u007f']) {
    assert.equal(decodeXtext(text), undefined, JSON.stringify(text));
  }
});

test('lower-case digits are understood', () => {
  assert.equal(decodeXtext('a+2bb+3D'), 'a+b=');
});

test('encoded text is decoded to the same text, and is printable ASCII with + and = only in its codes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const encoded = encodeXtext(text);
      assert.match(encoded, /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/);
      assert.equal(decodeXtext(encoded), text);
    }),
  );
});
