// Addresses in the fields of a header are changed, and nothing else (RFC 5322 3.4, appendix A).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { AddressField } from '../../src/message/address-field.ts';
import { parseAddressList } from '../../src/message/address-list.ts';

/** Every local part gets an `x` in front, and every domain ends in `.new`. */
function renamed(value: string, change: (address: string) => string): string | undefined {
  const field = AddressField.read(value, 'host.test');
  return field?.withAddresses(field.addresses.map(change), 3);
}

const both = (address: string): string => `x@${address.split('@').at(-1)}.new`;
const onlyDomain = (address: string): string => `${address.slice(0, address.lastIndexOf('@'))}@new.test`;
const onlyName = (address: string): string => `x${address.slice(address.lastIndexOf('@'))}`;

const table: readonly (readonly [value: string, both: string, onlyDomain: string, onlyName: string])[] = [
  [' joe@a.test', ' x@a.test.new', ' joe@new.test', ' x@a.test'],
  ['joe@a.test', 'x@a.test.new', 'joe@new.test', 'x@a.test'],
  [' Joe <joe@a.test>', ' Joe <x@a.test.new>', ' Joe <joe@new.test>', ' Joe <x@a.test>'],
  [
    ' "Joe, @ <a@b.c>" <joe@a.test> (c@d.e)',
    ' "Joe, @ <a@b.c>" <x@a.test.new> (c@d.e)',
    ' "Joe, @ <a@b.c>" <joe@new.test> (c@d.e)',
    ' "Joe, @ <a@b.c>" <x@a.test> (c@d.e)',
  ],
  [
    ' =?utf-8?q?J=C3=B6rg?=\r\n\t<joe@a.test>,\r\n  ann@b.test\t,c@d.test',
    ' =?utf-8?q?J=C3=B6rg?=\r\n\t<x@a.test.new>,\r\n  x@b.test.new\t,x@d.test.new',
    ' =?utf-8?q?J=C3=B6rg?=\r\n\t<joe@new.test>,\r\n  ann@new.test\t,c@new.test',
    ' =?utf-8?q?J=C3=B6rg?=\r\n\t<x@a.test>,\r\n  x@b.test\t,x@d.test',
  ],
  [
    ' Team:(us) joe@a.test, "a b"@a.test ; , ann@b.test',
    ' Team:(us) x@a.test.new, x@a.test.new ; , x@b.test.new',
    ' Team:(us) joe@new.test, "a b"@new.test ; , ann@new.test',
    ' Team:(us) x@a.test, x@a.test ; , x@b.test',
  ],
  // A route is no part of the address (RFC 5322 4.4).
  [
    ' <@one.test,@two.test:joe@a.test>',
    ' <@one.test,@two.test:x@a.test.new>',
    ' <@one.test,@two.test:joe@new.test>',
    ' <@one.test,@two.test:x@a.test>',
  ],
  // RFC 5322 A.5: comments within an address.
  [
    ' Pete(A nice \\) chap) <pete(his account)@(at)silly.test(his host)>',
    ' Pete(A nice \\) chap) <x(his account)@(at)silly.test.new(his host)>',
    ' Pete(A nice \\) chap) <pete(his account)@(at)new.test(his host)>',
    ' Pete(A nice \\) chap) <x(his account)@(at)silly.test(his host)>',
  ],
  [
    ' joe (a) . (b) doe\r\n @ silly (c) . test',
    ' x(a)(b)\r\n @ silly.test.new(c)',
    ' joe (a) . (b) doe\r\n @ new.test(c)',
    ' x(a)(b)\r\n @ silly (c) . test',
  ],
  [' user@[192.0.2.1]', ' x@[192.0.2.1].new', ' user@new.test', ' x@[192.0.2.1]'],
  [' jürg@bücher.test', ' x@bücher.test.new', ' jürg@new.test', ' x@bücher.test'],
  // A name alone gets the domain with the new name.
  [
    ' root, "daemon"',
    ' x@host.test.new, x@host.test.new',
    ' root@new.test, "daemon"@new.test',
    ' x@host.test, x@host.test',
  ],
  // What is no address stays.
  [
    ' two words, joe@a.test, a@b@c.test, <>',
    ' two words, x@a.test.new, a@b@c.test, <>',
    ' two words, joe@new.test, a@b@c.test, <>',
    ' two words, x@a.test, a@b@c.test, <>',
  ],
  [' joe@a.test.', ' x@a.test.new', ' joe@new.test', ' x@a.test.'],
];

for (const [value, ...expected] of table) {
  test(JSON.stringify(value), () => {
    assert.deepEqual(
      [both, onlyDomain, onlyName].map((change) => renamed(value, change)),
      expected,
    );
  });
}

test('a value that does not end is not read, and neither is one without an address', () => {
  for (const value of [' "joe <joe@a.test>', ' joe@a.test (', ' <joe@a.test', '', ' ', ' :;', ' two words'])
    assert.equal(AddressField.read(value, 'host.test'), undefined, value);
});

const address = fc.constantFrom('a@b.test', '"x, <y>"@z.test', 'u@[192.0.2.1]', 'joe+x@b.test', 'ö@b.test');
const dress = fc.constantFrom(
  (a: string) => a,
  (a: string) => `<${a}>`,
  (a: string) => `Name <${a}>`,
  (a: string) => `"N, (a) <m>e" <${a}> (c,d)`,
  (a: string) => `(x;) ${a} (\\))`,
  (a: string) => `Group: ${a};`,
  (a: string) => `<@route.test:${a}>`,
  (a: string) => `\r\n ${a}\r\n\t`,
);
const list = fc.tuple(fc.array(fc.tuple(address, dress, address)), fc.constantFrom(',', ' , ', ',\r\n\t'));

test('each new address is where the old one was, and all else is as it was', () => {
  fc.assert(
    fc.property(list, ([entries, comma]) => {
      const value = entries.map(([old, dressed]) => dressed(old)).join(comma);
      const expected = entries.map(([, dressed, next]) => dressed(next)).join(comma);
      const field = AddressField.read(value, 'h');
      assert.equal(
        field?.withAddresses(
          entries.map(([, , next]) => next),
          4,
        ) ?? '',
        expected,
      );
    }),
  );
});

test('whatever the text, no byte changes without a change, and a change reads as what it should be', () => {
  const text = fc.string({
    unit: fc.constantFrom(...'<>()[]"\\,;:@. ab', '\r\n ', '\r', '\n'),
    maxLength: 40,
  });
  fc.assert(
    fc.property(text, (value) => {
      const field = AddressField.read(value, 'h');
      if (field === undefined) return;
      assert.equal(field.withAddresses(field.addresses, 4), value);
      const changed = field.addresses.map((_, index) => `new${index}@new.test`);
      const { addresses, invalid } = parseAddressList(field.withAddresses(changed, 4), 'h');
      assert.deepEqual(addresses, changed);
      assert.deepEqual(invalid, parseAddressList(value, 'h').invalid);
    }),
    { numRuns: 5000 },
  );
});

test('a line that becomes too long is folded between addresses (RFC 5322 2.1.1)', () => {
  const entries = Array.from({ length: 60 }, (_, index) => `Name ${index} <u${index}@a.test>`);
  for (const comma of [', ', ',']) {
    const value = ` ${entries.join(comma)}`;
    const longer = renamed(value, (each) => each.replace('@', '@longer.name.of.a.host.')) ?? '';
    for (const line of longer.split('\r\n')) {
      assert.ok(line.length <= 998, `${line.length}`);
      assert.notEqual(line.trim(), '');
    }
    assert.ok(
      longer
        .split('\r\n')
        .slice(1)
        .every((line) => line.startsWith(' ')),
    );
    assert.deepEqual(
      parseAddressList(longer, 'h').addresses,
      entries.map((_, index) => `u${index}@longer.name.of.a.host.a.test`),
    );
    assert.equal(
      longer.replaceAll('\r\n', '').replaceAll(' ', '').length,
      longer.replaceAll(/\s/g, '').length,
    );
  }
});

test('fields of 1 MB are changed: many addresses, many folds, comments without end', () => {
  const units = [
    'a@b.test,\r\n ',
    '(\r\n )',
    'a\r\n .',
    '"\r\n ",',
    '<@r.test:',
    '<a@b.test>;',
    'G:',
    ',,',
    '\r\n ',
  ];
  for (const unit of units) {
    const value = `${unit.repeat(Math.floor((1024 * 1024) / unit.length))} joe\r\n @a.test`;
    const field = AddressField.read(value, 'h');
    if (field === undefined) continue;
    const changed = field.addresses.map((each) => (each === 'joe@a.test' ? 'ann@b.test' : each));
    const isChanged = changed.includes('ann@b.test');
    const expected = isChanged
      ? value.replace(/joe(?=\r\n @a\.test$)/u, 'ann').replace(/@a\.test$/u, '@b.test')
      : value;
    // Lines that are too long may be folded.
    const bare = (text: string): string => text.replaceAll(/[\r\n ]/gu, '');
    assert.ok(bare(field.withAddresses(changed, 3)) === bare(expected), unit);
  }
});
