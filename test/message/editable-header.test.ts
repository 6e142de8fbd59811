// Editing the header of a message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EditableHeader, type FieldEdit, fieldEditFault } from '../../src/message/editable-header.ts';

const header = 'Received: from a\r\n by b\r\nSubject: one\r\nsubject:two\r\nX-Odd : \xff\r\n\r\n';

function edited(text: string, ...edits: readonly FieldEdit[]): string {
  return editedBy(text, edits);
}

function editedBy(text: string, edits: readonly FieldEdit[]): string {
  const editable = new EditableHeader(Buffer.from(text, 'latin1'));
  for (const edit of edits) {
    assert.equal(fieldEditFault(edit), undefined);
    editable.edit(edit);
  }
  return editable.bytes(Buffer.from('Received: ours\r\n'), false).toString('latin1');
}

test('without edits, the header stays as it came, below our Received field', () => {
  for (const text of [header, '\r\n', '', 'no field\r\n\r\n', 'A: b\r\nno field\r\nC: d\r\n\r\n', 'A: b']) {
    assert.equal(edited(text), `Received: ours\r\n${text}`);
  }
});

test('fields are inserted by their place in the message as it leaves', () => {
  const insert = (at: number) => ({ kind: 'insert-field', at, name: 'X', value: '1' }) as const;
  assert.equal(edited('A: 1\r\nB: 2\r\n\r\n', insert(0)), 'X: 1\r\nReceived: ours\r\nA: 1\r\nB: 2\r\n\r\n');
  assert.equal(edited('A: 1\r\nB: 2\r\n\r\n', insert(1)), 'Received: ours\r\nX: 1\r\nA: 1\r\nB: 2\r\n\r\n');
  assert.equal(edited('A: 1\r\nB: 2\r\n\r\n', insert(2)), 'Received: ours\r\nA: 1\r\nX: 1\r\nB: 2\r\n\r\n');
  assert.equal(edited('A: 1\r\nB: 2\r\n\r\n', insert(99)), 'Received: ours\r\nA: 1\r\nB: 2\r\nX: 1\r\n\r\n');
  // Each edit is about the state that the one before it left.
  assert.equal(
    edited('A: 1\r\n\r\n', insert(0), { ...insert(1), name: 'Y' }),
    'X: 1\r\nY: 1\r\nReceived: ours\r\nA: 1\r\n\r\n',
  );
});

test('raw values keep their bytes, with whatever follows the colon', () => {
  const raw = (value: string): FieldEdit => ({ kind: 'add-field', name: 'X', value, isRaw: true });
  const long = ` ${'x'.repeat(2_000)}`;
  assert.equal(
    edited('A: 1\r\n\r\n', raw(' caf\xe9'), raw('  \xc3\xa9\n\ttwo'), raw('none'), raw(long)),
    `Received: ours\r\nA: 1\r\nX: caf\xe9\r\nX:  \xc3\xa9\r\n\ttwo\r\nX:none\r\nX:${long}\r\n\r\n`,
  );
  const whole = new EditableHeader(Buffer.from('\r\n'));
  whole.edit(raw(' \xc3\xa9'));
  assert.equal(whole.fields[0]?.value, ' \u00e9');
  assert.match(fieldEditFault(raw(' \u20ac')) ?? '', /a character that is no byte/);
  for (const value of ['a\nb', 'a\r\n\r\nb', 'a\rb', 'a\0b', 'a\n \n b'])
    assert.match(fieldEditFault(raw(value)) ?? '', /^it gave a value/);
});

test('fields are added, changed and removed by name, in any case', () => {
  const edits: readonly FieldEdit[] = [
    { kind: 'change-field', name: 'SUBJECT', occurrence: 2, value: 'three' },
    { kind: 'remove-field', name: 'Subject', occurrence: 1 },
    { kind: 'add-field', name: 'X-New', value: 'long\n folded' },
    { kind: 'change-field', name: 'X-Other', occurrence: 1, value: 'added' },
    { kind: 'remove-field', name: 'X-None', occurrence: 1 },
    { kind: 'remove-field', name: 'Received', occurrence: 2 },
  ];
  assert.equal(
    edited(header, ...edits),
    'Received: ours\r\nReceived: from a\r\n by b\r\nSUBJECT: three\r\nX-Odd : \xff\r\nX-New: long\r\n folded\r\nX-Other: added\r\n\r\n',
  );
});

test('a field is told with its folds, decoded, and without its last line end', () => {
  const editable = new EditableHeader(Buffer.from('Subject: \u00e9\r\n x\r\nB:\r\n\r\n'));
  assert.deepEqual(
    editable.fields.map(({ name, value }) => [name, value]),
    [
      ['subject', ' \u00e9\r\n x'],
      ['b', ''],
    ],
  );
});

// With a walk over the header for each edit, this would take minutes.
test('a header of very many fields bears as many edits', () => {
  const count = 60_000;
  const half = count / 2;
  const names = Array.from({ length: count }, (_, at) => (at % 2 === 0 ? 'a' : 'b'));
  const text = `${names.map((name) => `${name}:\r\n`).join('')}\r\n`;
  const each = (make: (at: number) => FieldEdit): FieldEdit[] =>
    Array.from({ length: half }, (_, at) => make(at));
  const remove = (name: string, occurrence: number): FieldEdit => ({
    kind: 'remove-field',
    name,
    occurrence,
  });
  const change = (occurrence: number): FieldEdit => ({
    kind: 'change-field',
    name: 'b',
    occurrence,
    value: '1',
  });
  const insert = (at: number): FieldEdit => ({ kind: 'insert-field', at, name: 'c', value: '2' });
  const changes = [
    ...each((at) => remove('a', half - at)),
    ...each((at) => change(at + 1)),
    ...each((at) => insert(2 * at + 1)),
    ...each(() => remove('none', 1)),
  ];
  assert.equal(editedBy(text, changes), `Received: ours\r\n${'c: 2\r\nb: 1\r\n'.repeat(half)}\r\n`);
  const others = [...each(() => remove('a', 1)), ...each(() => insert(0)), ...each(() => remove('b', 1))];
  assert.equal(editedBy(text, others), `${'c: 2\r\n'.repeat(half)}Received: ours\r\n\r\n`);
});

const wrong: readonly [string, unknown][] = [
  ['a value that begins a field', { kind: 'add-field', name: 'X', value: 'a\r\nBcc: b@c' }],
  ['a value that ends the header', { kind: 'add-field', name: 'X', value: 'a\r\n\r\nbody' }],
  ['a value with a line of blanks', { kind: 'add-field', name: 'X', value: 'a\r\n \r\n b' }],
  ['a CR alone', { kind: 'add-field', name: 'X', value: 'a\rBcc: b@c' }],
  ['CR CR LF', { kind: 'add-field', name: 'X', value: 'a\r\r\n b' }],
  ['a NUL', { kind: 'add-field', name: 'X', value: 'a\0' }],
  ['a name with a colon', { kind: 'add-field', name: 'X:', value: 'a' }],
  ['a name with a line end', { kind: 'add-field', name: 'X\r\nY', value: 'a' }],
  ['no name', { kind: 'add-field', name: '', value: 'a' }],
  ['a long line', { kind: 'add-field', name: 'X', value: 'a'.repeat(1000) }],
  ['a number below 0', { kind: 'insert-field', at: -1, name: 'X', value: 'a' }],
  ['no number', { kind: 'change-field', name: 'X', value: 'a' }],
  ['occurrence 0', { kind: 'remove-field', name: 'X', occurrence: 0 }],
  ['no value', { kind: 'change-field', name: 'X', occurrence: 1 }],
];

for (const [what, edit] of wrong) {
  test(`${what} is refused`, () => {
    assert.notEqual(fieldEditFault(edit as FieldEdit), undefined);
  });
}
