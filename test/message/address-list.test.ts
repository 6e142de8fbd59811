// Address lists of header fields (RFC 5322 3.4, 4.4, appendix A).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseAddressList } from '../../src/message/address-list.ts';

const TABLE: readonly (readonly [text: string, addresses: readonly string[], invalid?: readonly string[]])[] =
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
    ['a@b@c, .x@y', [], ['a@b@c', '.x@y']],
  ];

for (const [text, addresses, invalid = []] of TABLE) {
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
