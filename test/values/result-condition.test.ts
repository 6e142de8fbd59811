// Conditions on results of stages: how they are written, and what meets them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatResultCondition,
  meetsResultCondition,
  parseResultCondition,
} from '../../src/values/result-condition.ts';
import { ValueError } from '../../src/values/value-error.ts';

for (const [text, found, isMet] of [
  ['rspamd.verdict=spam', { verdict: 'spam' }, true],
  ['rspamd.verdict=spam', { verdict: 'Spam' }, false],
  ['rspamd.verdict=spam', undefined, false],
  ['rspamd.score>=8', { score: '8' }, true],
  ['rspamd.score>=8', { score: '7.99' }, false],
  ['rspamd.score>=8', { score: '10' }, true],
  ['rspamd.score>=-2.5', { score: '-2' }, true],
  ['rspamd.score<=8', { score: '8' }, true],
  ['rspamd.score<=8', { score: '8.01' }, false],
  ['rspamd.score<=8', {}, false],
  ['rspamd.score>=8', { score: '' }, false],
  ['rspamd.score>=8', { score: '9 points' }, false],
  ['rspamd.score>=0', { score: 'Infinity' }, false],
  ['a.b=c>=d', { b: 'c>=d' }, true],
] as const) {
  test(`${text} and ${JSON.stringify(found)}: ${isMet ? 'met' : 'not met'}`, () => {
    const condition = parseResultCondition(text);
    assert.equal(meetsResultCondition(condition, found), isMet);
    assert.equal(formatResultCondition(condition), text);
  });
}

for (const text of [
  '',
  'a',
  'a=b',
  'a.=b',
  '.a=b',
  'a.b=',
  'a.b>=',
  'a.b>=x',
  'a.>=1',
  'a.b<=1e3',
  'a b.c=d',
  'a.b>5',
])
  test(`${JSON.stringify(text)} is refused`, () =>
    assert.throws(() => parseResultCondition(text), ValueError));

test('whatever is written, it is read or refused, and printed as it was', () => {
  const anything = fc.oneof(fc.string(), fc.stringMatching(/^[a-z.]{0,5}[<>]?=?[0-9a-z.=<>]{0,5}$/u));
  fc.assert(
    fc.property(anything, (text) => {
      try {
        assert.equal(formatResultCondition(parseResultCondition(text)), text);
      } catch (error) {
        assert.ok(error instanceof ValueError, String(error));
      }
    }),
  );
});
