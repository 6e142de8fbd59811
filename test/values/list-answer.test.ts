// Answers of DNS lists: which count, and which say that the list does not answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatListAnswer, isCounted, meaningOf, parseListAnswer } from '../../src/values/list-answer.ts';
import { ValueError } from '../../src/values/value-error.ts';

const counted: readonly (readonly [pattern: string, answer: string, isCounted: boolean])[] = [
  ['127.0.0.2', '127.0.0.2', true],
  ['127.0.0.2', '127.0.0.3', false],
  ['127.0.0.4-127.0.0.7', '127.0.0.4', true],
  ['127.0.0.4-127.0.0.7', '127.0.0.7', true],
  ['127.0.0.4-127.0.0.7', '127.0.0.8', false],
  ['127.0.0.4-7', '127.0.0.6', true],
  ['127.0.0.4-7', '127.0.0.3', false],
  ['127.0.1.0/24', '127.0.1.2', true],
  ['127.0.1.0/24', '127.0.0.2', false],
  ['127.0.0.0/8', '127.9.9.9', true],
  ['&8', '127.0.0.8', true],
  ['&8', '127.0.0.12', true],
  ['&8', '127.0.0.4', false],
  ['&6', '127.0.0.4', false],
  ['&6', '127.0.0.14', true],
  // Whatever is configured, these never say that something is listed.
  ['127.0.0.0/8', '127.255.255.254', false],
  ['127.0.0.1', '127.0.0.1', false],
  ['&1', '127.255.255.255', false],
];

for (const [pattern, answer, isHit] of counted) {
  test(`${answer} ${isHit ? 'counts' : 'does not count'} where ${pattern} does`, () => {
    assert.equal(isCounted(answer, [parseListAnswer(pattern)]), isHit);
  });
}

for (const [answer, meaning] of [
  ['127.0.0.2', 'listed'],
  ['127.0.1.106', 'listed'],
  ['127.0.0.254', 'listed'],
  ['127.255.254.255', 'listed'],
  ['127.255.255.0', 'refused'],
  ['127.255.255.252', 'refused'],
  ['127.255.255.254', 'refused'],
  ['127.255.255.255', 'refused'],
  ['127.0.0.1', 'refused'],
  ['127.0.0.255', 'refused'],
  ['127.0.1.255', 'refused'],
  ['192.0.2.1', 'foreign'],
  ['126.255.255.255', 'foreign'],
  ['128.0.0.0', 'foreign'],
  ['::1', 'foreign'],
  ['127.0.0.256', 'foreign'],
  ['127.0.0', 'foreign'],
  ['', 'foreign'],
] as const) {
  test(`the answer "${answer}" means: ${meaning}`, () => {
    assert.equal(meaningOf(answer), meaning);
    assert.equal(isCounted(answer, undefined), meaning === 'listed');
  });
}

for (const text of [
  '',
  '&',
  '&0',
  '&256',
  '&x',
  '127.0.0.7-127.0.0.4',
  '127.0.0.7-4',
  '127.0.0.2-127.0.0.3-127.0.0.4',
  '127.0.0',
  '127.0.0.300',
  '192.0.2.1',
  '127.0.0.2-128.0.0.1',
  '0.0.0.0/0',
  '::1/128',
  '127.0.0.1/24',
  'zen.example.org',
]) {
  test(`"${text}" is no answer that could be configured`, () => {
    assert.throws(() => parseListAnswer(text), ValueError);
  });
}

const octet = fc.nat(255);

test('what is written can be read, and counts the same answers', () => {
  const address = fc.tuple(octet, octet, octet).map(([a, b, c]) => `127.${a}.${b}.${c}`);
  const pattern = fc.oneof(
    fc.tuple(address, address).map(([a, b]) => {
      const [low, high] = [a, b].toSorted((x, y) => numberOf(x) - numberOf(y));
      return `${low}-${high}`;
    }),
    address,
    fc.integer({ min: 1, max: 255 }).map((bits) => `&${bits}`),
  );
  fc.assert(
    fc.property(pattern, address, (text, answer) => {
      const parsed = parseListAnswer(text);
      const again = parseListAnswer(formatListAnswer(parsed));
      assert.deepEqual(again, parsed);
      assert.equal(isCounted(answer, [again]), isCounted(answer, [parsed]));
    }),
  );
});

test('no text of an answer breaks anything', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.ok(['listed', 'refused', 'foreign'].includes(meaningOf(text)));
      if (meaningOf(text) === 'listed') assert.match(text, /^127\./u);
    }),
  );
});

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
