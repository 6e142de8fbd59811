// What servers of QMQP and QMTP read: the examples of the specifications, rules that are broken, and any bytes cut anywhere.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { netstring } from '../../../src/protocol/netstring/write-netstring.ts';
import { qmqp } from '../../../src/protocol/qmqp/client-dialect.ts';
import { qmtp } from '../../../src/protocol/qmtp/client-dialect.ts';
import { cut, readPackages } from './packages.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const read = (protocol: 'qmqp' | 'qmtp', text: string) => readPackages(protocol, [bytes(text)]);

test('a message of QMQP is read', () => {
  // The form of the specification: message, sender, recipients, in one netstring.
  const inner = '10:Hi!\n\nBye.\n,9:a@b.test.,5:c@d.e,6:f@gh.i,';
  assert.deepEqual(read('qmqp', `${inner.length}:${inner},`), {
    messages: [{ form: 'lf', content: 'Hi!\n\nBye.\n', addresses: ['a@b.test.', 'c@d.e', 'f@gh.i'] }],
    rest: 'between',
  });
});

test('messages of QMTP are read one after the other, in both forms of lines', () => {
  assert.deepEqual(read('qmtp', '4:\nab\n,0:,8:5:c@d.e,,6:\rab\r\nc,3:a@b,0:,'), {
    messages: [
      { form: 'lf', content: 'ab\n', addresses: ['', 'c@d.e'] },
      { form: 'crlf', content: 'ab\r\nc', addresses: ['a@b'] },
    ],
    rest: 'between',
  });
});

test('a message without content is one', () => {
  assert.deepEqual(read('qmqp', '11:0:,0:,2:ab,,').messages, [
    { form: 'lf', content: '', addresses: ['', 'ab'] },
  ]);
  assert.deepEqual(read('qmtp', '1:\n,0:,0:,').messages, [{ form: 'lf', content: '', addresses: [''] }]);
});

const broken: readonly (readonly [string, 'qmqp' | 'qmtp', string])[] = [
  ['no digits', 'qmqp', ':'],
  ['a length that begins with 0', 'qmtp', '01:\n,'],
  ['a length that begins with 00', 'qmqp', '00:,'],
  ['a sign', 'qmtp', '-1:'],
  ['a blank', 'qmtp', ' 1:\n,'],
  ['too many digits', 'qmtp', '1000000000000000'],
  ['more than anybody sends', 'qmtp', '999999999999999:'],
  ['another byte in place of the comma', 'qmtp', '1:\n;'],
  ['content of QMTP without the first byte', 'qmtp', '0:,'],
  ['a first byte that names no line end', 'qmtp', '2: a,'],
  ['content that ends beyond the message', 'qmqp', '10:8:a'],
  ['a sender that ends beyond the message', 'qmqp', '8:1:a,5:abcde,'],
  ['a recipient that ends beyond the message', 'qmqp', '15:0:,0:,9:a@b.test.,,'],
  ['a length that ends beyond the message', 'qmqp', '4:0:,0,:'],
  ['digits that go on beyond the message', 'qmqp', '2:10000'],
  ['a recipient that ends beyond the list', 'qmtp', '1:\n,0:,4:3:abc,'],
  ['a list that is no netstrings', 'qmtp', '1:\n,0:,3:abc,'],
  ['a line of SMTP', 'qmtp', 'EHLO a\r\n'],
  ['a handshake of TLS', 'qmqp', '\x16\x03\x01'],
];

for (const [what, protocol, text] of broken) {
  test(`malformed, in one piece and byte by byte: ${what}`, () => {
    assert.deepEqual(read(protocol, text), { messages: [], rest: 'malformed' });
    const each = Array.from(bytes(text), (byte) => Uint8Array.of(byte));
    assert.deepEqual(readPackages(protocol, each), { messages: [], rest: 'malformed' });
  });
}

test('an address that no path can have is told as such', () => {
  const addresses = ['a\nb@c', 'a\0@b', '\xff@b', 'x'.repeat(1_025)].map((text) => netstring(bytes(text)));
  const list = Buffer.concat(addresses);
  const { messages } = readPackages('qmtp', [bytes('1:\n,0:,'), netstring(list)]);
  assert.deepEqual(messages[0]?.addresses, ['', undefined, undefined, undefined, undefined]);
});

test('a message with more recipients than are read is malformed', () => {
  const list = (count: number): Buffer => netstring('1:a,'.repeat(count));
  const whole = (count: number): Buffer => Buffer.concat([bytes('1:\n,0:,'), list(count)]);
  assert.equal(readPackages('qmtp', [whole(3)], 3).messages.length, 1);
  assert.deepEqual(readPackages('qmtp', [whole(4)], 3), { messages: [], rest: 'malformed' });
});

const address = fc.string({ unit: fc.constantFrom('a', '@', '.', '-', 'é', ' '), maxLength: 20 });

test('what a client sends, a server reads, wherever it is cut', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(qmqp, qmtp),
      fc.uint8Array({ maxLength: 60 }),
      address,
      fc.array(address, { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (dialect, content, reversePath, recipients, places) => {
        const { head, tail } = dialect.frame({ contentBytes: content.length, reversePath, recipients });
        const all = Buffer.concat([head, content, tail]);
        const protocol = dialect === qmqp ? 'qmqp' : 'qmtp';
        assert.deepEqual(readPackages(protocol, cut(Buffer.concat([all, all]), places)), {
          messages: Array.from({ length: 2 }, () => ({
            form: dialect === qmqp ? 'lf' : 'crlf',
            content: Buffer.from(content).toString('latin1'),
            addresses: [reversePath, ...recipients],
          })),
          rest: 'between',
        });
      },
    ),
  );
});

test('fuzz: any bytes are read alike however they are cut, and pieces are never more than came', () => {
  const token = fc.constantFrom(
    '0:,',
    '1:\n,',
    '2:\na,',
    '3:1:a,',
    '9:',
    ',',
    ':',
    '1',
    '0',
    'a',
    '\n',
    '\r',
    '17:',
  );
  fc.assert(
    fc.property(
      fc.constantFrom('qmqp' as const, 'qmtp' as const),
      fc.array(fc.oneof({ weight: 9, arbitrary: token }, fc.string({ unit: 'binary', maxLength: 3 })), {
        maxLength: 14,
      }),
      fc.array(fc.nat(), { maxLength: 10 }),
      (protocol, tokens, places) => {
        const all = bytes(tokens.join(''));
        const whole = readPackages(protocol, [all]);
        assert.deepEqual(readPackages(protocol, cut(all, places)), whole);
        assert.ok(whole.messages.every(({ content }) => content.length <= all.length));
      },
    ),
    { numRuns: 5_000 },
  );
});
