// Messages as a route sends them: with another header, whether they are in memory or streamed, and however their pieces are cut.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { withHeaderChanges } from '../../src/deliver/changed-message.ts';
import type { StoredMessage } from '../../src/spool/types.ts';
import { type HeaderChanges, parseFieldName, parseGivenField } from '../../src/values/header-changes.ts';
import { ValueError } from '../../src/values/value-error.ts';

function stored(content: string, pieceBytes?: number): StoredMessage {
  const bytes = Buffer.from(content, 'latin1');
  return {
    envelope: undefined as never,
    sizeBytes: bytes.length,
    content: pieceBytes === undefined ? bytes : undefined,
    async *stream() {
      const step = pieceBytes ?? bytes.length;
      for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
    },
  };
}

async function sent(message: StoredMessage, changes: HeaderChanges): Promise<string> {
  const { message: changed } = await withHeaderChanges({ message, needsUtf8: false }, changes);
  const pieces: Uint8Array[] = [];
  for await (const piece of changed.stream()) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  assert.equal(bytes.length, changed.sizeBytes);
  if (changed.content !== undefined) assert.ok(bytes.equals(changed.content));
  return bytes.toString('latin1');
}

const changes: HeaderChanges = {
  remove: ['x-internal', 'x-debug-*'],
  replace: [{ name: 'Organization', value: 'Example Ltd' }],
  add: [{ name: 'X-Route', value: 'bulk' }],
};

for (const [what, before, after] of [
  [
    'fields are left out with their folds',
    'A: 1\r\nX-Internal: a\r\n b\r\nB: 2\r\n\r\nx\r\n',
    'A: 1\r\nB: 2\r\nX-Route: bulk\r\n\r\nx\r\n',
  ],
  [
    'names are compared in any case',
    'X-DEBUG-One: a\r\nx-debug-: b\r\nx-debug: c\r\n\r\n',
    'x-debug: c\r\nX-Route: bulk\r\n\r\n',
  ],
  [
    'each field of a name is replaced',
    'organization: a\r\nORGANIZATION:\r\n b\r\n\r\n',
    'Organization: Example Ltd\r\nOrganization: Example Ltd\r\nX-Route: bulk\r\n\r\n',
  ],
  [
    'the body stays',
    'A: 1\r\n\r\nX-Internal: a\r\n\r\n',
    'A: 1\r\nX-Route: bulk\r\n\r\nX-Internal: a\r\n\r\n',
  ],
  [
    'lines behind one that is no field stay',
    'A: 1\r\nno field\r\nX-Internal: a\r\n\r\nx\r\n',
    'A: 1\r\nX-Route: bulk\r\nno field\r\nX-Internal: a\r\n\r\nx\r\n',
  ],
  ['a message without a body', 'X-Internal: a\r\nA: 1\r\n', 'A: 1\r\nX-Route: bulk\r\n'],
  ['a message without a header', '\r\nx\r\n', 'X-Route: bulk\r\n\r\nx\r\n'],
] as const) {
  test(what, async () => {
    assert.equal(await sent(stored(before), changes), after);
    for (const pieceBytes of [1, 7, 64]) assert.equal(await sent(stored(before, pieceBytes), changes), after);
  });
}

test('a message that is streamed leaves as one in memory does', async () => {
  const line = fc.constantFrom(
    'A: 1',
    'X-Internal: a',
    ' folded',
    '',
    'Organization: b',
    'no field',
    '\u00ff: x',
    ':',
  );
  const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.map((each) => `${each}\r\n`).join(''));
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 20 }), async (content, pieceBytes) => {
      assert.equal(await sent(stored(content, pieceBytes), changes), await sent(stored(content), changes));
    }),
  );
});

test('of a header that is far too large, the first fields are changed, and the rest leaves as it came', async () => {
  const long = `B: ${'x'.repeat(1_100_000)}\r\nX-Internal: late\r\n\r\nbody\r\n`;
  const after = await sent(stored(`X-Internal: a\r\nA: 1\r\n${long}`, 65_536), changes);
  assert.equal(after, `A: 1\r\nX-Route: bulk\r\n${long}`);
});

for (const text of ['', 'Received', 'Rec*', '*', 'Return-Path', 'a b', 'X:', '\u00fc']) {
  test(`${JSON.stringify(text)} is no field that a route may remove`, () => {
    assert.throws(() => parseFieldName(text), ValueError);
  });
}

for (const text of [
  '',
  'X',
  'X:',
  ': x',
  'X: a\r\nY: b',
  'X: \u00fc',
  'Received: x',
  `X: ${'y'.repeat(998)}`,
]) {
  test(`${JSON.stringify(text.slice(0, 20))} is no field that a route may add`, () => {
    assert.throws(() => parseGivenField(text), ValueError);
  });
}
