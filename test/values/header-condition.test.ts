// Conditions on header fields, as administrators write them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { meetsHeaderCondition, parseHeaderCondition } from '../../src/values/header-condition.ts';
import { ValueError } from '../../src/values/value-error.ts';

for (const [condition, value, isMet] of [
  ['List-Id', 'anything', true],
  ['Precedence:bulk', 'Bulk', true],
  ['Precedence: bulk', 'bulky', false],
  ['Precedence: bulk*', 'bulky', true],
  ['Precedence: *bulk*', ' in bulk now', true],
  ['X: a*a', 'a', false],
  ['X: a*a', 'aa', true],
  ['X: a*b*c', 'a c b c', true],
  ['X: a*b*c', 'a c b', false],
  ['X: one two', 'one\r\n  two', true],
  ['X: *', '', true],
] as const) {
  test(`"${condition}" is ${isMet ? '' : 'not '}met by ${JSON.stringify(value)}`, () => {
    assert.equal(meetsHeaderCondition(parseHeaderCondition(condition), value), isMet);
  });
}

for (const text of ['', ':', ': bulk', 'two words', 'no\u00fc: x']) {
  test(`${JSON.stringify(text)} is no condition`, () => {
    assert.throws(() => parseHeaderCondition(text), ValueError);
  });
}

test('any condition meets any value as a search of its parts in order does', () => {
  const pattern = fc.array(fc.constantFrom('a', 'b', '*', 'ab'), { minLength: 1, maxLength: 6 });
  const value = fc.array(fc.constantFrom('a', 'b'), { maxLength: 10 });
  fc.assert(
    fc.property(pattern, value, (parts, letters) => {
      const wanted = parts.join('');
      const expression = new RegExp(`^${wanted.replaceAll('*', '.*')}$`, 'u');
      const isMet = meetsHeaderCondition(parseHeaderCondition(`X: ${wanted}`), letters.join(''));
      assert.equal(isMet, expression.test(letters.join('')));
    }),
  );
});
