// What a filter has made of a header, as edits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EditableHeader } from '../../../src/message/editable-header.ts';
import { headerEdits } from '../../../src/policy/opensmtpd-filter/header-changes.ts';

const received = 'Received: by us\r\n';

/** The header that the edits make, without our own Received field. */
function edited(before: string, after: string): { readonly header: string; readonly count: number } {
  const header = new EditableHeader(Buffer.from(`${before}\r\n`, 'latin1'));
  const edits = headerEdits(header.fields, Buffer.from(after, 'latin1'));
  assert.ok(edits !== undefined);
  for (const edit of edits) header.edit(edit);
  const made = header.bytes(Buffer.from(received), true).toString('latin1');
  assert.ok(made.startsWith(received));
  return { header: made.slice(received.length, -2), count: edits.length };
}

test('the edits make the header that the filter wrote, and touch no more than they have to', () => {
  const field = fc
    .tuple(
      fc.constantFrom('A', 'b', 'X-Long-Name', 'Subject'),
      fc.constantFrom('', ' 1', ' 2\r\n\t3', 'no blank'),
    )
    .map(([name, value]) => `${name}:${value}\r\n`);
  const fields = fc.array(field, { maxLength: 12 });
  fc.assert(
    fc.property(fields, fields, fc.integer({ min: 0, max: 12 }), (before, other, at) => {
      for (const after of [other, before, before.toSpliced(at, 1), before.toSpliced(at, 0, ...other)]) {
        const { header, count } = edited(before.join(''), after.join(''));
        assert.equal(header, after.join(''));
        assert.ok(count <= before.length + after.length);
        if (after === before) assert.equal(count, 0);
      }
    }),
  );
});

test('one field more is one edit', () => {
  assert.equal(edited('A: 1\r\nB: 2\r\n', 'New: x\r\nA: 1\r\nB: 2\r\n').count, 1);
  assert.equal(edited('A: 1\r\nB: 2\r\n', 'A: 1\r\nB: 3\r\n').count, 2);
});

test('very many fields are compared and changed in bounded time', () => {
  const many = (value: string) => Array.from({ length: 60_000 }, (_, at) => `A: ${value}${at}\r\n`).join('');
  assert.equal(edited(many('x'), many('y')).header, many('y'));
});

test('a header with a line that is no field makes no edits', () => {
  for (const after of ['no field\r\n', 'A: 1\r\nno field\r\nB: 2\r\n', ' folded\r\n', ': x\r\n'])
    assert.equal(headerEdits([], Buffer.from(after)), undefined);
});
