// The cuts between chunks change neither events nor replies.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ServerSessionOptions } from '../../../../src/protocol/smtp/server/server-types.ts';
import type { Answers } from './drive.ts';
import { cut, outcome } from './drive.ts';

const start = 'EHLO c.example\r\nMAIL FROM:<a@b> BODY=8BITMIME\r\nRCPT TO:<c@d> NOTIFY=NEVER\r\n';

const sessions: readonly (readonly [
  name: string,
  bytes: string,
  options?: Partial<ServerSessionOptions>,
  answers?: Answers,
])[] = [
  ['a message with stuffed dots', `${start}DATA\r\n.a\r\n..\r\n...\r\nb\r\n.\r\nNOOP\r\nQUIT\r\n`],
  ['a message by chunks', `${start}BDAT 5\r\na\r\n.\rBDAT 3\r\n\nb\rBDAT 1 LAST\r\n\nQUIT\r\n`],
  ['bare newlines, refused', `${start}DATA\r\na\r\n.\n\rb\n.\r\n.\r\nNOOP\r\n`],
  ['a bare CR, refused', `${start}DATA\r\na\rb\r\n.\r\nNOOP\r\n`],
  ['a dot before a bare CR, refused', `${start}DATA\r\n.\rb\r\n.\r\nNOOP\r\n`],
  [
    'bare newlines, repaired',
    `${start}DATA\r\n.\n.\r\r\n.\r.\n\n.x\r\n.\r\r\n.\r\nNOOP\r\n`,
    { bareNewlines: 'repair' },
  ],
  ['a chunk that ends with CR', `${start}BDAT 2 LAST\r\na\rNOOP\r\n`, { bareNewlines: 'repair' }],
  ['a message that is too big', `${start}DATA\r\n1234567\r\n.8\r\n.\r\nNOOP\r\n`, { maxMessageBytes: 10 }],
  [
    'a chunk that is too big',
    `${start}BDAT 5\r\n123\r\nBDAT 6 LAST\r\n1234\r\nNOOP\r\n`,
    { maxMessageBytes: 10 },
  ],
  [
    'a line that is too long',
    `${start}DATA\r\n.1234\r\n12345678\r\nx\r\n.\r\nNOOP\r\n`,
    { maxTextLineBytes: 8 },
  ],
  [
    'a command that is too long',
    `NOOP 345678901234\r\nMAIL FROM:<${'x'.repeat(40)}>\r\nNOOP 3456789012345\r\nNOOP\r\nNOOP 34567890123456\r\nNOOP\r\n`,
    { maxCommandLineBytes: 20 },
  ],
  [
    'a request that is too long',
    `EHLO c\r\nPOST /${'x'.repeat(40)}\r\nNOOP\r\n`,
    { maxCommandLineBytes: 20 },
  ],
  [
    'malformed commands',
    'RCPT TO:<\0>\r\nEHLO \xff\r\nEHLO \xc3\xbc\r\nMAIL FROM:<x\r\nFOO\r\nNOOP\rNOOP\r\n',
  ],
  ['a control character', 'NOOP\r\nNO\0OP\r\nNOOP\r\n'],
  [
    'a refused chunk',
    `${start}BDAT 6\r\nNOOP\r\nNOOP\r\n`,
    {},
    (event) => (event.kind === 'data' ? { code: 452, text: 'No' } : undefined),
  ],
  ['too many errors', 'A\r\nB\r\nC\r\nD\r\n', { maxErrors: 3 }],
];

for (const [name, text, options = {}, answers] of sessions) {
  const bytes = Buffer.from(text, 'latin1');
  const expected = outcome([bytes], options, answers);

  test(`${name}: cut at every position`, () => {
    for (let i = 1; i < bytes.length; i++) {
      assert.deepEqual(outcome(cut(bytes, [i]), options, answers), expected, `cut before byte ${i}`);
    }
  });

  test(`${name}: cut between all bytes`, () => {
    assert.deepEqual(
      outcome(
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
        options,
        answers,
      ),
      expected,
    );
  });

  test(`${name}: cut at random positions`, () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (positions) => {
        assert.deepEqual(outcome(cut(bytes, positions), options, answers), expected);
      }),
      { numRuns: 60 },
    );
  });
}
