// Address lists of header fields (RFC 5322 3.4, 4.4, appendix A).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseAddressList } from '../../src/message/address-list.ts';

const table: readonly (readonly [text: string, addresses: readonly string[], invalid?: readonly string[]])[] =
  [
    ['', []],
    ['jdoe@one.example', ['jdoe@one.example']],
    ['John Doe <jdoe@machine.example>', ['jdoe@machine.example']],
    ['John Q. Public <a@b.c>, "Smith, Joe" <x@y.z>', ['a@b.c', 'x@y.z']],
    ['=?utf-8?q?J=C3=BCrg=2C?= <j@b.c>', ['j@b.c']],
    ['Jürg <j@b.c>', ['j@b.c']],
    ['"Joe \\"<x@y>\\" Q" <q@r.s>', ['q@r.s']],
    ['"a b"@c.d, <"e\\"f"@g.h>', ['"a b"@c.d', '"e\\"f"@g.h']],
    ['A Group:Ed Jones <joe@where.test>,\r\n john@x.test;', ['joe@where.test', 'john@x.test']],
    ['Undisclosed recipients:;', []],
    ['a@b.c, (a comment, with \\) (nested) <x@y>) d@e.f (last)', ['a@b.c', 'd@e.f']],
    ['pete(his account)@(his host)silly.test', ['pete@silly.test']],
    ['Pete <pete @ silly . test>', ['pete@silly.test']],
    ['<@one.example,@two.example:mary@x.test>', ['mary@x.test']],
    ['a@b.c; d@e.f', ['a@b.c', 'd@e.f']],
    [',, a@b.c,,', ['a@b.c']],
    ['root, "daemon"', ['root@host.example', '"daemon"@host.example']],
    ['user@[192.0.2.1], user@[IPv6:::1]', ['user@[192.0.2.1]', 'user@[IPv6:::1]']],
    ['two words, a@b.c', ['a@b.c'], ['two words']],
    ['<a@b', ['a@b']],
    ['<>', []],
    ['b@rcpt.test., c@my_sub.rcpt.test', ['b@rcpt.test', 'c@my_sub.rcpt.test']],
    ['a@b@c, .x@y', [], ['a@b@c', '.x@y']],
    // A fold is a blank; what it parts is not one word (RFC 5322 2.2.3).
    ['a@b.c,\n\td@e.f\r\n', ['a@b.c', 'd@e.f']],
    ['a@b.c\r\n d', [], ['a@b.c d']],
    ['a@b.c\nd', [], ['a@b.c\nd']],
    ['a\n@b.c, e@f.g', ['e@f.g'], ['a\n@b.c']],
    ['<a@b.c\r\nRCPT TO:<d@e.f>', [], ['a@b.c\r\nRCPT TO:<d@e.f']],
    ['a\0@b.c, "a\x1bb"@c.d, a@b\x7f.c', [], ['a\0@b.c', '"a\x1bb"@c.d', 'a@b\x7f.c']],
    ['"a\nb"@c.d', [], ['"a\nb"@c.d']],
  ];

for (const [text, addresses, invalid = []] of table) {
  test(JSON.stringify(text), () => {
    assert.deepEqual(parseAddressList(text, 'host.example'), { addresses, invalid });
  });
}

test('any list of mailboxes comes out again, whatever stands around them', () => {
  const address = fc.constantFrom('a@b.c', '"x, <y>"@z.example', 'u@[192.0.2.1]', 'root');
  const dress = fc.constantFrom(
    (a: string) => a,
    (a: string) => `<${a}>`,
    (a: string) => `Name <${a}>`,
    (a: string) => `"N, (a) <m>e" <${a}> (c,d)`,
    (a: string) => `(x;) ${a} (\\))`,
    (a: string) => `Group: ${a};`,
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(address, dress)),
      fc.constantFrom(',', ' , ', ',\r\n\t'),
      (entries, comma) => {
        const text = entries.map(([given, dressed]) => dressed(given)).join(comma);
        const expected = entries.map(([given]) => (given === 'root' ? 'root@h' : given));
        assert.deepEqual(parseAddressList(text, 'h'), { addresses: expected, invalid: [] });
      },
    ),
  );
});

test('no text makes it throw or run for ever, and only mailboxes come out', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'<>()[]"\\,;:@. ab'), maxLength: 40 }), (text) => {
      for (const address of parseAddressList(text, 'h').addresses) assert.match(address, /^[^<>\s]+@|^".*"@/);
    }),
    { numRuns: 2000 },
  );
});

const long: readonly (readonly [what: string, text: (count: number) => string])[] = [
  ['words in a display name', (count) => `${'a '.repeat(count)}<x@rcpt.test>`],
  ['dots', (count) => `${'a.'.repeat(count)}a <x@rcpt.test>`],
  ['at signs', (count) => `${'a@'.repeat(count)}a <x@rcpt.test>`],
  ['comments', (count) => `x@rcpt.test ${'(c) '.repeat(count)}`],
  ['nested comments', (count) => `x@rcpt.test ${'('.repeat(count)}${')'.repeat(count)}`],
  ['quoted strings', (count) => `${'"a" '.repeat(count)}<x@rcpt.test>`],
  ['folded lines', (count) => `${'a\r\n '.repeat(count)}<x@rcpt.test>`],
  ['mailboxes', (count) => 'x@rcpt.test,\r\n '.repeat(count)],
  ['routes', (count) => `<${'@a:'.repeat(count)}x@rcpt.test>`],
  ['what never ends', (count) => `x@rcpt.test, ${'"'.repeat(2 * count + 1)}`],
];

for (const [what, text] of long) {
  test(`${what}: the work grows with the length, not with its square`, () => {
    // With the square, 400,000 of them take minutes; in proportion to the length, a fraction of a second of CPU time.
    const before = process.cpuUsage();
    const { addresses } = parseAddressList(text(400_000), 'host.example');
    assert.ok(addresses.includes('x@rcpt.test'));
    assert.ok(process.cpuUsage(before).user < 15_000_000);
  });
}
