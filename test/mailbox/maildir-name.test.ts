// Names of messages in a Maildir.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameWithSizes, newUniqueName, parseMaildirName } from '../../src/mailbox/maildir/name.ts';

test('names differ, and have neither a slash nor a colon', () => {
  const names = new Set(Array.from({ length: 1000 }, () => newUniqueName(1_700_000_000_123)));
  assert.equal(names.size, 1000);
  for (const name of names) assert.match(name, /^1700000000\.M\d{1,6}P\d+R[0-9a-f]{16}Q\d+\.[^/:,]+$/u);
});

const cases: readonly (readonly [name: string, parsed: ReturnType<typeof parseMaildirName>])[] = [
  ['a,S=10,W=12', { unique: 'a,S=10,W=12', sizeBytes: 10, crlfBytes: 12, flags: '' }],
  ['a,W=12,S=10:2,FS', { unique: 'a,W=12,S=10', sizeBytes: 10, crlfBytes: 12, flags: 'FS' }],
  ['a:2,', { unique: 'a', sizeBytes: undefined, crlfBytes: undefined, flags: '' }],
  ['a:1,x', { unique: 'a', sizeBytes: undefined, crlfBytes: undefined, flags: '' }],
  ['a,S=-1', { unique: 'a,S=-1', sizeBytes: undefined, crlfBytes: undefined, flags: '' }],
  ['a,S=1e9', { unique: 'a,S=1e9', sizeBytes: undefined, crlfBytes: undefined, flags: '' }],
  [
    'a,S=99999999999999999999',
    { unique: 'a,S=99999999999999999999', sizeBytes: undefined, crlfBytes: undefined, flags: '' },
  ],
  ['.hidden', undefined],
  ['', undefined],
];

for (const [name, parsed] of cases)
  test(`the name ${JSON.stringify(name)}`, () => assert.deepEqual(parseMaildirName(name), parsed));

test('any name is read without an error, and our own as they were made', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.nat(),
      fc.nat(),
      fc.constantFrom('', ':2,', ':2,RS'),
      (text, size, crlf, flags) => {
        parseMaildirName(text);
        const name = nameWithSizes(newUniqueName(0), size, crlf);
        const parsed = parseMaildirName(name + flags);
        assert.deepEqual(parsed, { unique: name, sizeBytes: size, crlfBytes: crlf, flags: flags.slice(3) });
      },
    ),
  );
});
