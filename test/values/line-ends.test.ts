// The ends of lines in texts of others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lastLineEnd, withLineEnds, withoutLastCrs, withoutLineEnds } from '../../src/values/line-ends.ts';

test('the ends of lines are found as by the plain expressions', () => {
  const text = fc
    .array(fc.constantFrom('\r', '\n', '\r\n', 'a', ' '), { maxLength: 12 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (each) => {
      assert.equal(withoutLineEnds(each), each.replace(/[\r\n]+$/u, ''));
      assert.equal(withLineEnds(each, '\r\n'), each.replaceAll(/\r*\n/gu, '\r\n'));
      assert.equal(withLineEnds(each, '\n'), each.replaceAll(/\r*\n/gu, '\n'));
      assert.equal(lastLineEnd(each), /\r*\n$/u.exec(each)?.[0] ?? '');
      assert.equal(withoutLastCrs(each), each.replace(/\r+$/u, ''));
    }),
  );
});

test('a very long run that ends in something else is gone over once', () => {
  // By the square of the length, each of these would take minutes.
  for (const text of [`${'\n'.repeat(500_000)}x`, `${'\r'.repeat(500_000)}x`, `${'\r\n'.repeat(250_000)}x`]) {
    assert.equal(withoutLineEnds(text), text);
    assert.equal(withoutLastCrs(text), text);
    assert.equal(lastLineEnd(text), '');
    assert.equal(withLineEnds(text, '\r\n').at(-1), 'x');
  }
});
