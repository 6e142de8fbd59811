// Reading the value of a header field from content that arrives in pieces.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FieldValue } from '../../src/message/field-value.ts';
import { priorityOfField } from '../../src/message/priority-field.ts';

function find(pieces: readonly string[], name = 'MT-Priority') {
  const field = new FieldValue(name);
  for (const piece of pieces) field.push(Buffer.from(piece, 'latin1'));
  return { value: field.value, count: field.count, complete: field.complete };
}

const cases: readonly (readonly [message: string, value: string, count: number, complete?: boolean])[] = [
  ['MT-Priority: 3\r\n\r\nx', '3', 1],
  ['Subject: x\r\nmt-PRIORITY:-4\r\nTo: y\r\n\r\n', '-4', 1],
  ['MT-Priority :3\n\n', '3', 1],
  ['MT-Priority:\r\n 5\r\n\t(high)\r\nTo: x\r\n\r\n', '5\t(high)', 1],
  ['MT-Priority: 3\r\nX: y\r\n 4\r\nMT-Priority: 5\r\n\r\n', '3', 2],
  ['MT-Priority: 3\r\nmt-priority: 3\r\n more\r\n\r\n', '3', 2],
  ['X-MT-Priority: 3\r\nMT-Priorities: 4\r\nMT-Prior: 5\r\nMT Priority: 6\r\n\r\n', '', 0],
  ['Subject: x\r\n MT-Priority: 3\r\n\r\n', '', 0],
  ['\r\nMT-Priority: 3\r\n\r\n', '', 0],
  ['Subject: x\r\n\r\nMT-Priority: 3\r\n\r\n', '', 0],
  ['Subject: x\r\n\rMT-Priority: 3\r\n\r\n', '', 0],
  ['MT-Priority: 3', '3', 1, false],
  ['MT-Priority', '', 0, false],
  ['', '', 0, false],
];

for (const [message, value, count, complete = true] of cases) {
  test(`${JSON.stringify(message)} has ${count} such fields, the first with ${JSON.stringify(value)}`, () => {
    assert.deepEqual(find([message]), { value, count, complete });
  });
}

test('how the content was cut changes nothing', () => {
  const parts = [
    'MT-Priority',
    ':',
    ' 3',
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    'Subject: x',
    'MT-',
    'mt-priority: 7',
  ];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...parts), { maxLength: 15 }),
      fc.array(fc.nat(100)),
      (message, cuts) => {
        const text = message.join('');
        const pieces: string[] = [];
        let from = 0;
        for (const cut of cuts.map((at) => at % (text.length + 1)).sort((a, b) => a - b)) {
          pieces.push(text.slice(from, cut));
          from = cut;
        }
        pieces.push(text.slice(from));
        assert.deepEqual(find(pieces), find([text]));
      },
    ),
    { numRuns: 500 },
  );
});

test('a value without end costs no memory', () => {
  const field = new FieldValue('a');
  field.push(Buffer.from('A: '));
  for (let i = 0; i < 100; i++) field.push(Buffer.alloc(10_000, 0x78));
  assert.ok(field.value.length < 300);
});

test('the priority of a field', () => {
  for (const [value, priority] of [
    ['3', 3],
    ['-9', -9],
    ['(very (very) urgent) 9 (now)', 9],
    ['0 ()', 0],
    ['', undefined],
    ['10', undefined],
    ['+1', undefined],
    ['3 4', undefined],
    ['3 (', undefined],
    ['3 )', undefined],
    [')(3', undefined],
    ['urgent', undefined],
    ['('.repeat(200), undefined],
  ] as const) {
    assert.equal(priorityOfField(value), priority, value);
  }
});
