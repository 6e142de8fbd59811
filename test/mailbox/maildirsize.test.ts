// The file `maildirsize`: other programs write it, too, and anything may be in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  hasRoom,
  isSameQuota,
  maildirsizeEntry,
  newMaildirsize,
  percentUsed,
  quotaLine,
  readMaildirsize,
} from '../../src/mailbox/quota/maildirsize.ts';

const readable: readonly (readonly [text: string, bytes: number, messages: number, entries: number])[] = [
  ['1000S,20C\n500 3\n', 500, 3, 1],
  ['1000S\n500 3\n-100 -1\n', 400, 2, 2],
  ['\n0 0\n', 0, 0, 1],
  ['1000S\n         500            3\n', 500, 3, 1],
];

for (const [text, bytes, messages, entries] of readable)
  test(`${JSON.stringify(text)} is read`, () => {
    const { quota: _, ...read } = readMaildirsize(text) ?? {};
    assert.deepEqual(read, { bytes, messages, entries });
  });

const damaged: readonly string[] = [
  '',
  '1000S\n',
  '1000S',
  '1000S\n500 3',
  '1000S\n500 3\n100 ',
  '1000S\n500\n',
  '1000S\n500 3 4\n',
  '1000S\n500 x\n',
  '1000S\n1e9 3\n',
  '1000S\n0x10 3\n',
  '1000S\n-1 0\n',
  '1000S\n0 -1\n',
  '1000S\n9999999999999999 1\n',
  '1000S\n\n500 3\n',
  '1000S\n500 3\0\n',
  `1000S\n${'1 1\n'.repeat(1300)}`,
];

for (const text of damaged)
  test(`${JSON.stringify(text.slice(0, 30))} is no such file`, () =>
    assert.equal(readMaildirsize(text), undefined));

test('a quota is the same in any order, and with what other programs add', () => {
  assert.ok(isSameQuota('20C,1000S', { bytes: 1000, messages: 20 }));
  assert.ok(isSameQuota('1000S,NOQUOTA', { bytes: 1000 }));
  assert.ok(isSameQuota('', {}));
  assert.ok(!isSameQuota('1000S', { bytes: 1000, messages: 20 }));
  assert.ok(!isSameQuota('1001S', { bytes: 1000 }));
  assert.ok(!isSameQuota('-1000S', { bytes: 1000 }));
});

const count = fc.nat({ max: 1_000_000_000 });
const optional = fc.option(count, { nil: undefined });

test('what is written is read back, with all that was added', () => {
  fc.assert(
    fc.property(
      optional,
      optional,
      fc.array(fc.tuple(count, count), { minLength: 1, maxLength: 50 }),
      (bytes, messages, added) => {
        const [[firstBytes, firstMessages] = [0, 0], ...more] = added;
        const text =
          newMaildirsize({ bytes, messages }, { bytes: firstBytes, messages: firstMessages }) +
          more.map(([size, number]) => maildirsizeEntry({ bytes: size, messages: number })).join('');
        const read = readMaildirsize(text);
        assert.equal(
          read?.bytes,
          added.reduce((sum, [size]) => sum + size, 0),
        );
        assert.equal(
          read.messages,
          added.reduce((sum, [, number]) => sum + number, 0),
        );
        assert.equal(read.entries, added.length);
        assert.equal(read.quota, quotaLine({ bytes, messages }));
        assert.ok(isSameQuota(read.quota, { bytes, messages }));
      },
    ),
  );
});

test('no text makes it say what cannot be', () => {
  const line = fc.oneof(
    fc.string(),
    fc.tuple(fc.integer(), fc.integer()).map(([a, b]) => `${a} ${b}`),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const read = readMaildirsize(lines.map((each) => `${each}\n`).join(''));
      if (read === undefined) return;
      assert.ok(Number.isSafeInteger(read.bytes) && read.bytes >= 0);
      assert.ok(Number.isSafeInteger(read.messages) && read.messages >= 0);
    }),
  );
});

test('room and percent look at what is scarcest', () => {
  const used = { bytes: 900, messages: 5 };
  assert.ok(hasRoom({ bytes: 1000, messages: 6 }, used, { bytes: 100, messages: 1 }));
  assert.ok(!hasRoom({ bytes: 1000 }, used, { bytes: 101, messages: 1 }));
  assert.ok(!hasRoom({ messages: 5 }, used, { bytes: 1, messages: 1 }));
  assert.ok(hasRoom({}, used, { bytes: 1e12, messages: 1 }));
  assert.equal(percentUsed({ bytes: 1000, messages: 50 }, used), 90);
  assert.equal(percentUsed({ bytes: 10_000, messages: 10 }, used), 50);
  assert.equal(percentUsed({}, used), 0);
});
