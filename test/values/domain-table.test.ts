// Which patterns a domain name matches: compared with a walk over all patterns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { domainOf } from '../../src/address/domain.ts';
import {
  type DomainPattern,
  formatDomainPattern,
  includesPattern,
  isBelow,
  matchesPattern,
  parseDomainPattern,
} from '../../src/values/domain.ts';
import { DomainSet } from '../../src/values/domain-set.ts';
import { DomainTable } from '../../src/values/domain-table.ts';

const label = fc.constantFrom('a', 'b', 'aa', 'com', 'example', 'xn--bcher-kva');
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
const pattern: fc.Arbitrary<DomainPattern> = fc.record({
  kind: fc.constantFrom('exact', 'suffix'),
  domain: name,
});

/** 0: it does not match. */
function plainSpecificity({ kind, domain }: DomainPattern, given: string): number {
  if (kind === 'exact') return given === domain ? 1_000 : 0;
  const [labels, last] = [given.split('.'), domain.split('.')];
  const isBehind = labels.length > last.length && labels.slice(-last.length).join('.') === domain;
  return isBehind ? domain.length : 0;
}

test('the table and the set find the same as a walk over all patterns', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 10 }), name, (patterns, given) => {
      const table = new DomainTable<string>();
      for (const each of patterns) table.set(each, formatDomainPattern(each));
      const expected = [...new Map(patterns.map((each) => [formatDomainPattern(each), each])).entries()]
        .map(([text, each]) => ({ text, specificity: plainSpecificity(each, given) }))
        .filter(({ specificity }) => specificity > 0)
        .sort((a, b) => b.specificity - a.specificity);
      const heard: { text: string; specificity: number }[] = [];
      table.visit(given, { domain: (text, specificity) => heard.push({ text, specificity }) > 0 });
      assert.deepEqual(heard, expected);
      assert.equal(table.mostSpecific(given), expected[0]?.text);
      assert.equal(new DomainSet(patterns).has(given), expected.length > 0);
      for (const each of patterns) {
        assert.equal(matchesPattern(each, given), plainSpecificity(each, given) > 0);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a pattern includes those whose names it matches', () => {
  const names = fc.sample(name, { numRuns: 200, seed: 1 });
  fc.assert(
    fc.property(pattern, pattern, (outer, inner) => {
      const isIncluded = includesPattern(outer, inner);
      const below = `x.${inner.domain}`;
      const all = [...names, inner.domain, below].filter((each) => plainSpecificity(inner, each) > 0);
      assert.equal(
        all.every((each) => plainSpecificity(outer, each) > 0),
        isIncluded,
      );
    }),
  );
});

test('names match in every spelling that addresses and patterns are read from', () => {
  const table = new DomainTable<number>();
  table.set(parseDomainPattern('*.BÜCHER.example.'), 1);
  table.set(parseDomainPattern('Example.COM'), 2);
  assert.equal(table.mostSpecific(domainOf('post@shop.bücher.EXAMPLE')), 1);
  assert.equal(table.mostSpecific(domainOf('post@shop.xn--bcher-kva.example')), 1);
  assert.equal(table.mostSpecific(domainOf('post@bücher.example')), undefined);
  assert.equal(table.mostSpecific(domainOf('post@EXAMPLE.com')), 2);
});

test('an address literal matches as a whole, and no suffix', () => {
  const table = new DomainTable<number>();
  table.set({ kind: 'exact', domain: '[192.0.2.1]' }, 1);
  table.set({ kind: 'suffix', domain: '2.1]' }, 2);
  assert.equal(table.mostSpecific('[192.0.2.1]'), 1);
  assert.equal(table.mostSpecific('[198.51.2.1]'), undefined);
});

test('names of any length are looked up', () => {
  const table = new DomainTable<number>();
  table.set({ kind: 'suffix', domain: 'com' }, 1);
  const long = `${'a'.repeat(63)}.`.repeat(20);
  assert.equal(table.mostSpecific(`${long}com`), 1);
  assert.equal(table.mostSpecific(`${long}net`), undefined);
  assert.equal(table.mostSpecific(''), undefined);
});

test('a domain is below another only at a dot', () => {
  assert.equal(isBelow('a.example.com', 'example.com'), true);
  assert.equal(isBelow('example.com', 'example.com'), false);
  assert.equal(isBelow('badexample.com', 'example.com'), false);
  assert.equal(isBelow('.example.com', 'example.com'), true);
});
