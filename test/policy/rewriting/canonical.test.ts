// Addresses are rewritten by a table in the way of canonical(5).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { answered } from '../../../src/policy/rewriting/asking.ts';
import { type Canonical, canonicalAddresses } from '../../../src/policy/rewriting/canonical.ts';
import { RewritingError, TableFailure } from '../../../src/policy/rewriting/rewriting-error.ts';
import { absent, allFailing, type Table } from '../../../src/table/table.ts';
import { memoryTable } from './memory-table.ts';

function rule(table: Table, rest: Partial<Canonical> = {}): Canonical {
  return {
    table,
    separators: '+',
    keepsSubaddress: true,
    localDomains: new Set(['host.test']),
    hostname: 'host.test',
    ...rest,
  };
}

function rewritten(addresses: readonly string[], canonical: Canonical): readonly string[] {
  const result = answered(canonicalAddresses(addresses, canonical));
  assert.ok(!(result instanceof Promise));
  return result;
}

const lines = [
  'joe@a.test            joe.smith@new.test',
  'ann+lists@a.test      lists@new.test',
  'ann@a.test            ann.jones@new.test',
  '@a.test               @b.test',
  'only+ext@c.test       @d.test',
  'only@c.test           @d.test',
  'root                  admin@new.test',
  'bare@c.test           bob',
  'one@c.test            two@c.test',
  'two@c.test            three@c.test',
  'self@c.test           SELF@c.test',
  '"j d"@c.test          jd@new.test',
  'jd@c.test             "j d"@new.test',
  'intl@c.test           joe@bücher.test',
  'jürg@c.test           juerg@new.test',
  'joe@xn--bcher-kva.test joe@new.test',
];

const cases: readonly (readonly [old: string, next: string, without?: Partial<Canonical>])[] = [
  ['joe@a.test', 'joe.smith@new.test'],
  ['JOE@A.Test', 'joe.smith@new.test'],
  ['"joe"@a.test', 'joe.smith@new.test'],
  ['joe+x@a.test', 'joe.smith+x@new.test'],
  ['joe+x+y@a.test', 'joe.smith+x+y@new.test'],
  ['joe+x@a.test', 'joe.smith@new.test', { keepsSubaddress: false }],
  ['joe+x@a.test', 'joe+x@b.test', { separators: '' }],
  ['joe-x@a.test', 'joe.smith-x@new.test', { separators: '+-' }],
  ['ann+lists@a.test', 'lists@new.test'],
  ['ann+other@a.test', 'ann.jones+other@new.test'],
  ['eve@a.test', 'eve@b.test'],
  ['Eve+x@a.test', 'Eve+x@b.test'],
  ['+x@a.test', '+x@b.test'],
  ['only+ext@c.test', 'only+ext@d.test'],
  ['only+else@c.test', 'only+else@d.test'],
  ['only+else@c.test', 'only@d.test', { keepsSubaddress: false }],
  ['root@host.test', 'admin@new.test'],
  ['root+x@host.test', 'admin+x@new.test'],
  ['root@c.test', 'root@c.test'],
  ['root@c.test', 'admin@new.test', { localDomains: new Set(['c.test']) }],
  ['bare@c.test', 'bob@host.test'],
  ['one@c.test', 'three@c.test'],
  ['self@c.test', 'SELF@c.test'],
  ['"j d"@c.test', 'jd@new.test'],
  ['"J D"@c.test', 'jd@new.test'],
  ['jd+x@c.test', '"j d+x"@new.test'],
  ['intl@c.test', 'joe@new.test'],
  ['jürg@c.test', 'juerg@new.test'],
  ['joe@bücher.test', 'joe@new.test'],
  ['nobody@elsewhere.test', 'nobody@elsewhere.test'],
  ['user@[192.0.2.1]', 'user@[192.0.2.1]'],
];

for (const [old, next, changed = {}] of cases) {
  test(`${old} becomes ${next} ${JSON.stringify(changed)}`, () => {
    assert.deepEqual(rewritten([old], rule(memoryTable(lines), changed)), [next]);
  });
}

test('all addresses together become what each becomes alone, whenever the table answers', async () => {
  const addresses = cases.filter(([, , changed]) => changed === undefined).map(([old]) => old);
  const expected = cases.filter(([, , changed]) => changed === undefined).map(([, next]) => next);
  assert.deepEqual(rewritten(addresses, rule(memoryTable(lines))), expected);
  assert.deepEqual(await answered(canonicalAddresses(addresses, rule(memoryTable(lines, true)))), expected);
});

test('what is no address, several of them, or a circle is an error that says where', () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['a@a.test two words', /the table canonical has for "a@a\.test" "two words", which is no address/],
    ['a@a.test b@', /which is no address/],
    ['a@a.test @', /which is no address/],
    ['a@a.test <b@b.test>', /which is no address/],
    ['a@a.test b@b.test, c@c.test', /which is no address/],
    ['a@a.test b@b.test\r\nRCPT TO:<x@y.test>', /which is no address/],
    ['a@a.test a@b..test', /which is no address/],
  ];
  for (const [line, message] of bad) {
    const at = line.indexOf(' ');
    const key = line.slice(0, at);
    const table: Table = {
      name: 'canonical',
      lookup: (keys) =>
        keys.map((each) => (each === key ? { kind: 'found', values: [line.slice(at + 1)] } : absent)),
    };
    assert.throws(
      () => rewritten(['a@a.test'], rule(table)),
      (error) => error instanceof RewritingError && message.test(error.message),
      line,
    );
  }
  const several = memoryTable(['a@a.test b@b.test', 'a@a.test c@c.test']);
  assert.throws(() => rewritten(['a@a.test'], rule(several)), /has for "a@a\.test" several addresses/);
  const circle = memoryTable(['a@a.test b@a.test', 'b@a.test a@a.test']);
  assert.throws(() => rewritten(['a@a.test'], rule(circle)), /rewrites "a@a\.test" more than 10 times/);
  const list: Table = {
    name: 'canonical',
    lookup: (keys) => keys.map(() => ({ kind: 'found', values: [] })),
  };
  assert.throws(() => rewritten(['a@a.test'], rule(list)), RewritingError);
});

test('a table that cannot tell is no answer, unless a better key is there', () => {
  const failing: Table = { name: 'canonical', lookup: (keys) => allFailing(keys, 'it is away') };
  assert.throws(() => rewritten(['a@a.test'], rule(failing)), TableFailure);
  const half: Table = {
    name: 'canonical',
    lookup: (keys) =>
      keys.map((key) =>
        key === 'a@a.test'
          ? { kind: 'found', values: ['b@b.test'] }
          : key.includes('a.test')
            ? { kind: 'failing', reason: 'x' }
            : absent,
      ),
  };
  assert.deepEqual(rewritten(['a@a.test'], rule(half)), ['b@b.test']);
  assert.throws(() => rewritten(['c@a.test'], rule(half)), TableFailure);
});

test('an empty table changes nothing, and what was rewritten is not rewritten again', () => {
  const part = fc.string({ unit: fc.constantFrom(...'ab+.'), minLength: 1, maxLength: 4 });
  const name = part.filter((each) => /^[ab+]+(\.[ab+]+)*$/u.test(each));
  const address = fc
    .tuple(name, fc.constantFrom('a.test', 'b.test', 'host.test'))
    .map((each) => each.join('@'));
  const target = fc.oneof(address, fc.constantFrom('@a.test', '@b.test', 'ab'));
  const key = fc.oneof(address, fc.constantFrom('@a.test', '@b.test', 'a', 'ab'));
  fc.assert(
    fc.property(
      fc.array(address),
      fc.array(fc.tuple(key, target)),
      fc.boolean(),
      (addresses, entries, keepsSubaddress) => {
        assert.deepEqual(rewritten(addresses, rule(memoryTable([]), { keepsSubaddress })), addresses);
        const unique = [...new Map(entries)].map((each) => each.join(' '));
        const canonical = rule(memoryTable(unique), { keepsSubaddress });
        for (const each of addresses) {
          let once: readonly string[];
          try {
            once = rewritten([each], canonical);
          } catch (error) {
            assert.ok(error instanceof RewritingError);
            continue;
          }
          assert.deepEqual(
            rewritten(once, canonical).map((one) => one.toLowerCase()),
            once.map((one) => one.toLowerCase()),
          );
        }
      },
    ),
    { numRuns: 500 },
  );
});
