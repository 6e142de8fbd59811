// From answers of rspamd to edits: very many fields of a stranger, and an answer that names them again and again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EditableHeader, type FieldEdit } from '../../../src/message/editable-header.ts';
import { rspamdEdits, spamFieldEdits } from '../../../src/policy/rspamd/rspamd-edits.ts';
import type { Edit, TransactionFacts } from '../../../src/policy/stage.ts';
import { parseRspamdAnswer } from '../../../src/protocol/rspamd/answer.ts';

const transaction = { recipients: [] } as unknown as TransactionFacts;
const count = 60_000;
const many = (name: string): EditableHeader =>
  new EditableHeader(Buffer.from(`${`${name}:\r\n`.repeat(count)}\r\n`));

function edited(header: EditableHeader, edits: readonly Edit[]): string {
  for (const edit of edits) header.edit(edit as FieldEdit);
  return header.bytes(Buffer.alloc(0), true).toString();
}

test('all fields of a name are removed, with one edit for each, however often the answer says so', () => {
  const header = many('a');
  const answer = parseRspamdAnswer(
    JSON.stringify({
      action: 'no action',
      milter: { remove_headers: { a: Array(1000).fill(0), A: [0, 1, -1] } },
    }),
  );
  const edits = rspamdEdits(answer, { header, transaction });
  assert.equal(edits.length, count);
  assert.equal(edited(header, edits), '\r\n');
});

test('a mark of spam takes the place of very many of the sender', () => {
  const header = many('X-Spam');
  const answer = parseRspamdAnswer('{"action":"add header"}');
  assert.equal(edited(header, spamFieldEdits(answer, { header })), 'X-Spam: Yes\r\n\r\n');
});
