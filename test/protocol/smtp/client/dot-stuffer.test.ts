// Dot-stuffing (RFC 5321 4.5.2): removing it must restore the content, wherever it was cut.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DotStuffer } from '../../../../src/protocol/smtp/client/dot-stuffer.ts';

function wire(pieces: readonly Uint8Array[]): string {
  const stuffer = new DotStuffer();
  const views = pieces.flatMap((piece) => stuffer.dotStuff(piece));
  return Buffer.concat([...views, stuffer.endOfData()]).toString('latin1');
}

const table: [content: string, expected: string][] = [
  ['', '.\r\n'],
  ['a\r\n', 'a\r\n.\r\n'],
  ['a', 'a\r\n.\r\n'],
  ['a\r', 'a\r\r\n.\r\n'],
  ['a\n', 'a\n\r\n.\r\n'],
  ['\r\n', '\r\n.\r\n'],
  ['.', '..\r\n.\r\n'],
  ['.\r\n', '..\r\n.\r\n'],
  ['..\r\n', '...\r\n.\r\n'],
  ['a\r\n.\r\n.b\r\nc.\r\n', 'a\r\n..\r\n..b\r\nc.\r\n.\r\n'],
  ['a\n.b\r\n', 'a\n..b\r\n.\r\n'],
  ['\r\n.\r\n.\r\n', '\r\n..\r\n..\r\n.\r\n'],
];

for (const [content, expected] of table) {
  test(`${JSON.stringify(content)} is sent as ${JSON.stringify(expected)}, cut anywhere`, () => {
    const bytes = Buffer.from(content);
    assert.equal(wire([bytes]), expected);
    for (let at = 0; at <= bytes.length; at++) {
      assert.equal(wire([bytes.subarray(0, at), bytes.subarray(at)]), expected, `cut at ${at}`);
    }
    assert.equal(wire([...bytes].map((byte) => Uint8Array.of(byte))), expected, 'byte by byte');
  });
}

test('a piece without a dot at the beginning of a line is returned unchanged', () => {
  const piece = Buffer.from('Subject: a.b\r\n\r\nx.y.\r\n');
  assert.deepEqual(new DotStuffer().dotStuff(piece), [piece]);
  assert.equal(new DotStuffer().dotStuff(piece)[0], piece);
});

test('views share the memory of the piece', () => {
  const piece = Buffer.from('.a\r\n.b\r\n');
  for (const view of new DotStuffer().dotStuff(piece)) assert.equal(view.buffer, piece.buffer);
});

test('a receiver restores the content, and finds its end nowhere else', () => {
  const line = fc.string({ unit: fc.constantFrom('.', 'a', ' '), maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 12 }),
      fc.array(fc.nat({ max: 60 }), { maxLength: 6 }),
      (rows, cuts) => {
        const content = rows.map((row) => `${row}\r\n`).join('');
        const bytes = Buffer.from(content);
        const at = [0, ...cuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        const received = wire(pieces).split('\r\n');
        assert.deepEqual(received.splice(-2), ['.', '']);
        assert.ok(!received.includes('.'));
        const unstuffed = received.map((row) => (row.startsWith('.') ? row.slice(1) : row));
        assert.deepEqual(unstuffed, rows);
      },
    ),
    { numRuns: 2000 },
  );
});
