// Bytes are inserted into content that consists of pieces.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { insertBytes } from '../../src/receive/insert-bytes.ts';

test('the bytes are inserted at the right place for any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary-ascii', maxLength: 5 })),
      fc.nat(30),
      (parts, position) => {
        const text = parts.join('');
        const at = Math.min(position, text.length);
        const pieces = insertBytes(
          parts.map((part) => Buffer.from(part)),
          at,
          Buffer.from('(added)'),
        );
        assert.equal(Buffer.concat(pieces).toString(), `${text.slice(0, at)}(added)${text.slice(at)}`);
      },
    ),
  );
});
