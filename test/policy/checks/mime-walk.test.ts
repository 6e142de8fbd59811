// Which lines of a body are fields of parts, fields of attached messages, and text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyLines } from '../../../src/policy/checks/body-lines.ts';
import { contentKindOf } from '../../../src/policy/checks/content-type.ts';
import { MimeWalk } from '../../../src/policy/checks/mime-walk.ts';

interface Options {
  readonly mostFieldLength?: number;
  /** The sizes of pieces, in turn. */
  readonly pieces?: readonly number[];
}

/** `part`, `nested` and `text`, a colon, and what it is. */
function walked(
  type: string,
  body: string,
  { mostFieldLength = 1000, pieces = [Infinity] }: Options = {},
): string[] {
  const bytes = Buffer.from(body);
  const lines = new BodyLines();
  const walk = new MimeWalk(contentKindOf(type), mostFieldLength);
  const found: string[] = [];
  let at = 0;
  const note = ({
    place,
    text,
    start,
    end,
    offset,
    isField,
  }: {
    place: string;
    text: string;
    start: number;
    end: number;
    offset: number;
    isField?: true;
  }) => {
    found.push(`${place}:${text}`);
    if (isField === true) return;
    assert.ok(start === at && end > start, `${start} follows ${at}`);
    at = end;
    assert.ok(offset >= 0);
  };
  const take = (piece: Uint8Array): void => {
    for (const line of lines.take(piece)) for (const each of walk.take(line)) note(each);
  };
  for (let from = 0, turn = 0; from < bytes.length; turn++) {
    const size = pieces[turn % pieces.length] ?? Infinity;
    take(bytes.subarray(from, Math.min(bytes.length, from + size)));
    from += size;
  }
  for (const line of lines.end()) for (const each of walk.take(line)) note(each);
  for (const each of walk.end()) note(each);
  assert.equal(at, bytes.length, 'nothing is left out');
  return found;
}

const mixed = 'multipart/mixed; boundary="b 1"';

test('a text without parts is text', () => {
  assert.deepEqual(walked('text/plain', 'Subject: a\r\n\r\n--b\r\n'), [
    'text:Subject: a',
    'text:',
    'text:--b',
  ]);
});

test('fields of parts come with their folds, and the texts around them are text', () => {
  const body = [
    'preamble',
    '--b 1',
    'Content-Type: text/html;',
    '\tname=x',
    'X : y',
    '',
    'text: no field',
    '--b 1 trailing words',
    '',
    'second',
    '--b 1--',
    'Epilogue: no field',
    '',
  ].join('\r\n');
  assert.deepEqual(walked(mixed, body), [
    'text:preamble',
    'text:--b 1',
    'part:Content-Type: text/html;\n\tname=x',
    'part:X: y',
    'text:',
    'text:text: no field',
    'text:--b 1 trailing words',
    'text:',
    'text:second',
    'text:--b 1--',
    'text:Epilogue: no field',
  ]);
});

for (const [what, type, part] of [
  ['of two boundaries', 'multipart/mixed; boundary=c; boundary=b', ''],
  [
    'in a part that has two types',
    mixed,
    '--b 1\nContent-Type: text/plain\nContent-Type: multipart/x; boundary=b\n\n',
  ],
  ['behind parts deeper than any', mixed, deep()],
] as const) {
  test(`where the boundary is unclear, ${what}, lines are fields and text`, () => {
    const body = `${part}--c\nA: a\n\n--b\nB: b\n bb\n\ntext\n--c--\nC: c\n`;
    assert.deepEqual(walked(type, body).slice(-13), [
      'text:--c',
      'text:A: a',
      'part:A: a',
      'text:',
      'text:--b',
      'text:B: b',
      'text: bb',
      'part:B: b\n bb',
      'text:',
      'text:text',
      'text:--c--',
      'text:C: c',
      'part:C: c',
    ]);
  });
}

/** A hundred parts in parts. */
function deep(): string {
  const boundaries = ['b 1', ...Array.from({ length: 100 }, (_, at) => `deep${at}-`)];
  return boundaries
    .slice(0, -1)
    .map((each, at) => `--${each}\nContent-Type: multipart/mixed; boundary="${boundaries[at + 1]}"\n\n`)
    .join('');
}

test('an attached message has a header, and parts of its own', () => {
  const body = [
    '--b 1',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    'Content-Type: multipart/alternative; boundary=in',
    '',
    '--in',
    'X: y',
    '',
    'text',
    '--b 1',
    'Z: z',
    '',
  ].join('\n');
  assert.deepEqual(walked(mixed, body), [
    'text:--b 1',
    'part:Content-Type: message/rfc822',
    'text:',
    'nested:Subject: inner',
    'nested:Content-Type: multipart/alternative; boundary=in',
    'text:',
    'text:--in',
    'part:X: y',
    'text:',
    'text:text',
    // The boundary of the outer parts ends the inner ones.
    'text:--b 1',
    'part:Z: z',
  ]);
});

test('a message that is nothing but a message has its header at once', () => {
  assert.deepEqual(walked('message/rfc822', 'Subject: x\r\n y\r\n\r\nText: t\r\n'), [
    'nested:Subject: x\n y',
    'text:',
    'text:Text: t',
  ]);
});

test('parts of a digest are messages', () => {
  assert.deepEqual(walked('multipart/digest; boundary=d', '--d\n\nSubject: x\n\nhi\n'), [
    'text:--d',
    'text:',
    'nested:Subject: x',
    'text:',
    'text:hi',
  ]);
});

test('a line that is no field ends a header, and is text', () => {
  assert.deepEqual(walked(mixed, '--b 1\nX: y\nno field\nZ: z\n'), [
    'text:--b 1',
    'part:X: y',
    'text:no field',
    'text:Z: z',
  ]);
});

test('a field that is longer than the limit is cut for the tables, with all of its bytes', () => {
  const field = `X: ${'a'.repeat(3000)}\n b\nY: z\n`;
  assert.deepEqual(walked(mixed, `--b 1\n${field}`, { mostFieldLength: 10 }), [
    'text:--b 1',
    `part:X: ${'a'.repeat(2045)}`,
    'part:Y: z',
  ]);
});

test('a line of any length comes in pieces of 2048', () => {
  const line = 'x'.repeat(5000);
  const found = walked('text/plain', `${line}\r\n--b\r\n`);
  assert.deepEqual(
    found.map((each) => each.length - 5),
    [2048, 2048, 904, 3],
  );
});

test('a boundary is none in the middle of a long line', () => {
  const body = `${'x'.repeat(2048)}--b 1\nX: y\n`;
  assert.deepEqual(walked(mixed, body).slice(-2), ['text:--b 1', 'text:X: y']);
});

for (const [value, expected] of [
  [' text/plain', 'other'],
  [' Multipart/Mixed; BOUNDARY=abc', 'multipart abc'],
  [' multipart/mixed; charset=x; boundary="a\\"b;c"', 'multipart a"b;c'],
  [' multipart/mixed (a (nested) comment); (x) boundary = (y) abc', 'multipart abc'],
  [' multipart/mixed', 'other'],
  [' multipart/digest; boundary=d', 'multipart d digest'],
  [' message/rfc822', 'message'],
  [' message/delivery-status', 'other'],
  [' message', 'other'],
  [' "multipart/mixed"; boundary=x', 'other'],
  [' multipart/mixed; boundary=c; boundary=b', 'unclear'],
  [' multipart/mixed; boundary=b; boundary=b', 'multipart b'],
  [' multipart/mixed; boundary*0="b"', 'unclear'],
  [" multipart/mixed; boundary*=us-ascii''b", 'unclear'],
  [' multipart/mixed boundary=b', 'unclear'],
  [' multipart/mixed; boundary=', 'unclear'],
  [` multipart/mixed; ${'a=b; '.repeat(400)}boundary=b`, 'unclear'],
  ['', 'other'],
] as const) {
  test(`Content-Type:${value} says ${expected}`, () => {
    const kind = contentKindOf(value);
    const text =
      kind.kind === 'multipart' ? `multipart ${kind.boundary}${kind.isDigest ? ' digest' : ''}` : kind.kind;
    assert.equal(text, expected);
  });
}

test('however a body is cut into pieces, its lines are the same, and none of its bytes is left out', () => {
  const piece = fc.constantFrom(
    '--b 1',
    '--b 1--',
    '\r\n',
    '\n',
    '\n',
    '\r',
    'X: y',
    ' z',
    'Content-Type: message/rfc822',
    'Content-Type: multipart/x; boundary=c',
    '--c',
    'ü',
    '',
    'y'.repeat(2100),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(mixed, 'message/rfc822', 'text/plain'),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      (type, body, pieces) => {
        assert.deepEqual(walked(type, body, { pieces }), walked(type, body));
      },
    ),
    { numRuns: 500 },
  );
});
