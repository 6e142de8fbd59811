// Forwards and automatic answers in records: what each form of a source says, what is refused, and how commands change them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDomain, addUser } from '../../src/directory/edit/changes.ts';
import { setAutoreply, setForward } from '../../src/directory/edit/change-mail.ts';
import { editableDatabase } from '../../src/directory/edit/database-records.ts';
import { editableFile } from '../../src/directory/edit/file-records.ts';
import { accountOfRow } from '../../src/directory/forms/columns.ts';
import { accountOfPasswdLine } from '../../src/directory/forms/dovecot-passwd.ts';
import { accountOf, readRecord } from '../../src/directory/record.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function userOf(record: object) {
  const read = readRecord(JSON.stringify({ user: 'joe@a.test', ...record }));
  return read.kind === 'user' ? accountOf(read.record).user : read;
}

test('a record has forwards, a copy and an answer', () => {
  const autoreply = { text: 'Away.', subject: 'x', from: '2026-12-24', until: '2026-12-26T18:00', days: 3 };
  assert.deepEqual(userOf({ forward: ['Joe@b.test'], keep_copy: true, autoreply }), {
    address: 'joe@a.test',
    aliases: [],
    senders: [],
    mailbox: undefined,
    quotaBytes: undefined,
    forward: ['Joe@b.test'],
    keepCopy: true,
    autoreply,
  });
  const { autoreply: text } = userOf({ autoreply: 'Away.' }) as { readonly autoreply?: unknown };
  assert.deepEqual(text, { text: 'Away.' });
});

for (const [record, reason] of [
  [{ forward: ['joe'] }, /^forward\.0: must be an address/u],
  [{ forward: ['|/bin/x'] }, /^forward\.0/u],
  [{ forward: Array.from({ length: 101 }, () => 'x@a.test') }, /^forward/u],
  [{ autoreply: '' }, /^autoreply/u],
  [{ autoreply: { text: 'x', from: 'today' } }, /^autoreply\.from: must be a date/u],
  [{ autoreply: { text: 'x', subject: 'a\r\nBcc: x@a.test' } }, /^autoreply\.subject: must be one line/u],
  [{ autoreply: { text: 'x', days: 0 } }, /^autoreply\.days/u],
  [{ autoreply: { text: 'x', other: 1 } }, /^autoreply/u],
  [{ autoreply: { text: 'x'.repeat(4_001) } }, /^autoreply\.text/u],
] as const)
  test(`is no record: ${JSON.stringify(record).slice(0, 80)}`, () => {
    const read = userOf(record);
    assert.ok('reason' in read);
    assert.match(read.reason, reason);
  });

test('a query has columns, and a passwd file extra fields', () => {
  const row = { forward: 'a@b.test, c@d.test', keep_copy: 1, autoreply: '{"text":"Away.","days":null}' };
  const found = accountOfRow('joe@a.test', JSON.stringify(row));
  assert.ok(found.kind === 'account');
  const { forward, keepCopy, autoreply } = found.account.user;
  assert.deepEqual([forward, keepCopy, autoreply], [['a@b.test', 'c@d.test'], true, { text: 'Away.' }]);
  const { user } = accountOfPasswdLine(
    'joe@a.test',
    'x::::::userdb_forward=a@b.test,nobody userdb_keep_copy=yes',
  );
  assert.deepEqual([user.forward, user.keepCopy], [['a@b.test'], true]);
});

test('commands set and remove them, and change nothing else', async (t) => {
  const folder = temporaryFolder(t, 'onward-records').path;
  const directory = editableFile(`${folder}/users.jsonl`, { mode: 0o600, owner: undefined });
  await directory.edit((records) => {
    addDomain(records, 'a.test');
    addUser(records, { user: 'joe@a.test', aliases: ['j@a.test'] });
    setForward(records, 'j@a.test', ['a@b.test', 'a@b.test'], true);
    setAutoreply(records, 'joe@a.test', { text: 'Away.' });
  });
  const record = () => directory.read((records) => records.user('joe@a.test'));
  assert.deepEqual(await record(), {
    user: 'joe@a.test',
    aliases: ['j@a.test'],
    forward: ['a@b.test'],
    keep_copy: true,
    autoreply: { text: 'Away.' },
  });
  await directory.edit((records) => {
    setForward(records, 'joe@a.test', [], false);
    setAutoreply(records, 'joe@a.test', undefined);
  });
  assert.deepEqual(await record(), { user: 'joe@a.test', aliases: ['j@a.test'] });
  await assert.rejects(
    directory.edit((records) => setForward(records, 'joe@a.test', [], false)),
    { code: 'DIRECTORY_RECORD' },
  );
});

test('a database keeps them, too', async (t) => {
  const folder = temporaryFolder(t, 'onward-records').path;
  const database = editableDatabase(`${folder}/users.sqlite`, { mode: 0o600, owner: undefined });
  await database.edit((records) => {
    addDomain(records, 'a.test');
    addUser(records, { user: 'joe@a.test', quota_messages: 5 });
    setForward(records, 'joe@a.test', ['a@b.test'], true);
    setAutoreply(records, 'joe@a.test', { text: 'Away.', days: 3 });
  });
  const record = () => database.read((records) => records.user('joe@a.test'));
  assert.deepEqual(await record(), {
    user: 'joe@a.test',
    quota_messages: 5,
    forward: ['a@b.test'],
    keep_copy: true,
    autoreply: { text: 'Away.', days: 3 },
  });
  await database.edit((records) => {
    setForward(records, 'joe@a.test', [], false);
    setAutoreply(records, 'joe@a.test', undefined);
  });
  assert.deepEqual(await record(), { user: 'joe@a.test', quota_messages: 5 });
});
