// Content with CRLF in the form with LF alone, and its size in that form, wherever it is cut.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineFeedForm, LineFeedSize } from '../../../src/protocol/netstring/line-form.ts';
import { cut } from './packages.ts';

test('each CRLF becomes LF, and nothing else changes, wherever it is cut', () => {
  const content = fc.array(fc.constantFrom('\r\n', '\r', '\n', 'a', ''), { maxLength: 30 });
  fc.assert(
    fc.property(content, fc.array(fc.nat(), { maxLength: 8 }), (tokens, places) => {
      const text = tokens.join('');
      const form = new LineFeedForm();
      const size = new LineFeedSize();
      const pieces = cut(Buffer.from(text), places).map((piece) => {
        size.add(piece);
        return form.convert(piece);
      });
      const converted = Buffer.concat([...pieces, form.finish()]).toString();
      assert.equal(converted, text.replaceAll('\r\n', '\n'));
      assert.equal(size.bytes, converted.length);
    }),
    { numRuns: 2_000 },
  );
});
