// Texts of strangers with a very long run of one character. Work by the square of the length would take minutes for each of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languagesOf } from '../../src/bounce/texts/text-choice.ts';
import { mailboxesIn } from '../../src/message/author-fields.ts';
import { EditableHeader } from '../../src/message/editable-header.ts';
import { milterField } from '../../src/policy/milter/milter-content.ts';
import { MilterEdits } from '../../src/policy/milter/milter-edits.ts';
import { rspamdEdits } from '../../src/policy/rspamd/rspamd-edits.ts';
import type { TransactionFacts } from '../../src/policy/stage.ts';
import { readReplyCode } from '../../src/protocol/milter/reply-code.ts';
import { parseRspamdAnswer } from '../../src/protocol/rspamd/answer.ts';

const most = 300_000;
const crs = '\r'.repeat(most);
const lfs = '\n'.repeat(most);
const transaction = { recipients: [] } as unknown as TransactionFacts;
const header = new EditableHeader(Buffer.from('\r\n'));

test('CRs amid a field of a message', () => {
  const [field] = new EditableHeader(Buffer.from(`A: ${crs}x\r\n\r\n`)).fields;
  assert.equal(field?.value, ` ${crs}x`);
  assert.deepEqual(milterField(field), { name: 'A', value: ` ${crs}x` });
});

test('line ends amid the value of a milter, and before the text of its reply', () => {
  const edits = new MilterEdits(transaction, false);
  edits.take({ kind: 'add-header', name: 'A', value: `${lfs}x` });
  assert.deepEqual(edits.all, [{ kind: 'add-field', name: 'A', value: ` ${lfs}x`, isRaw: true }]);
  assert.equal(readReplyCode(`550 x${lfs}x`), undefined);
});

test('line ends amid the value of rspamd', () => {
  const text = JSON.stringify({ action: 'no action', milter: { add_headers: { A: `${lfs}x\r\n` } } });
  assert.deepEqual(rspamdEdits(parseRspamdAnswer(text), { header, transaction }), [
    { kind: 'add-field', name: 'A', value: `${lfs}x` },
  ]);
});

test('a word without an end beside a mailbox', () => {
  const word = 'a'.repeat(most);
  assert.deepEqual(mailboxesIn(word), [word]);
  assert.deepEqual(mailboxesIn(`x@y@z ${word} b@c`), ['x@y', 'b@c']);
});

test('comments without an end in a list of languages', () => {
  const text = `Accept-Language: ${'('.repeat(most)}, de (German), fr\r\n\r\n`;
  assert.deepEqual(languagesOf([Buffer.from(text)]), ['de', 'fr']);
});
