// Quotas of domains in the records of the directory: kept in a file and in a database, and known of each user of the domain.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { addDomain, addUser, changeDomain } from '../../src/directory/edit/changes.ts';
import { editableDatabase } from '../../src/directory/edit/database-records.ts';
import type { EditableDirectory } from '../../src/directory/edit/editable.ts';
import { editableFile } from '../../src/directory/edit/file-records.ts';
import { accountOfRow } from '../../src/directory/forms/columns.ts';
import { readRecord } from '../../src/directory/record.ts';
import type { SourceSettings } from '../../src/directory/settings.ts';
import type { Users } from '../../src/directory/users.ts';
import { directoryWorld } from './world.ts';

const ownership = { mode: 0o600, owner: undefined };
const times = { timeoutMs: 60_000, cacheBytes: 0, cacheMs: 0, absentCacheMs: 0 };
const noQuery = { key: 'address', domains: [], query: undefined, ...times } as const;

const kinds: Readonly<
  Record<string, (path: string) => { readonly edited: EditableDirectory; readonly source: SourceSettings }>
> = {
  'a file': (path) => ({
    edited: editableFile(path, ownership),
    source: { kind: 'users', name: 'staff', path, domains: [] },
  }),
  'a database': (path) => ({
    edited: editableDatabase(path, ownership),
    source: { kind: 'sqlite', name: 'staff', path, ...noQuery },
  }),
};

async function quotaOf(users: Users, address: string): Promise<unknown> {
  const found = await users.find(address);
  return found.kind === 'user' ? found.user.domainQuota : found;
}

for (const [name, make] of Object.entries(kinds))
  test(`the quota of a domain is known of its users, from ${name}`, async (t) => {
    const it = directoryWorld(t);
    const { edited, source } = make(join(it.folder.path, 'users'));
    await edited.edit((records) => {
      addDomain(records, 'A.test', { bytes: 2048, messages: 3 });
      addDomain(records, 'b.test');
      addUser(records, { user: 'joe@a.test', aliases: ['j@b.test'] });
      addUser(records, { user: '"x@b.test"@a.test' });
      addUser(records, { user: 'sue@b.test' });
    });
    const users = await it.open([source]);
    for (const address of ['joe@a.test', 'J@b.test', '"x@b.test"@a.test'])
      assert.deepEqual(await quotaOf(users, address), { bytes: 2048, messages: 3 }, address);
    assert.equal(await quotaOf(users, 'sue@b.test'), undefined);
    assert.deepEqual(await users.findDomain('a.test'), { kind: 'present' });
    const { isChanged } = await edited.edit((records) =>
      changeDomain(records, 'a.test', { bytes: null, messages: 0 }),
    );
    assert.ok(isChanged);
    const again = await edited.edit((records) => changeDomain(records, 'a.test', { messages: 0 }));
    assert.deepEqual(again, { record: { domain: 'a.test', quota_messages: 0 }, isChanged: false });
    assert.deepEqual(await edited.read((records) => records.domains()), [
      { domain: 'a.test', quota_messages: 0 },
      { domain: 'b.test' },
    ]);
    assert.deepEqual(await edited.read((records) => [...records.users('a.test')].length), 2);
    await assert.rejects(
      edited.edit((records) => changeDomain(records, 'c.test', { bytes: 1 })),
      { code: 'DIRECTORY_DOMAIN' },
    );
  });

/** As versions before quotas of domains, forwards and automatic answers made it. */
const olderTables = `
CREATE TABLE domains (domain TEXT PRIMARY KEY) STRICT;
CREATE TABLE users (address TEXT PRIMARY KEY, password TEXT, scram TEXT, mailbox TEXT, quota INTEGER,
  disabled INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE aliases (address TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users (address)) STRICT;
CREATE TABLE senders (user TEXT NOT NULL, sender TEXT NOT NULL, PRIMARY KEY (user, sender)) STRICT;
CREATE TABLE applications (user TEXT NOT NULL, name TEXT NOT NULL, password TEXT NOT NULL, scram TEXT) STRICT;
INSERT INTO domains VALUES ('a.test');
INSERT INTO users (address, quota) VALUES ('joe@a.test', 5)`;

test('a database of an older version is read as it is, and gets the columns with its first change', async (t) => {
  const it = directoryWorld(t);
  const path = join(it.folder.path, 'users.sqlite');
  const connection = new DatabaseSync(path);
  connection.exec(olderTables);
  connection.close();
  const edited = editableDatabase(path, ownership);
  const joe = { user: 'joe@a.test', quota: 5 };
  assert.deepEqual(await edited.read((records) => records.user('joe@a.test')), joe);
  assert.deepEqual(await edited.read((records) => records.domains()), [{ domain: 'a.test' }]);
  const users = await it.open([{ kind: 'sqlite', name: 'old', path, ...noQuery }]);
  const found = await users.find('joe@a.test');
  assert.ok(found.kind === 'user');
  assert.equal(found.user.quotaBytes, 5);
  await edited.edit((records) => {
    changeDomain(records, 'a.test', { bytes: 7 });
    addUser(records, { user: 'sue@a.test', forward: ['x@b.test'] });
  });
  assert.deepEqual(await edited.read((records) => records.user('joe@a.test')), joe);
  assert.deepEqual(await quotaOf(users, 'sue@a.test'), { bytes: 7 });
});

test('a query names it in columns of the user', () => {
  const found = (row: object) => accountOfRow('joe@a.test', JSON.stringify(row));
  const quota = (row: object): unknown => {
    const account = found(row);
    return account.kind === 'account' ? account.account.user.domainQuota : account.kind;
  };
  assert.deepEqual(quota({ domain_quota: '1GiB', domain_quota_messages: '20' }), {
    bytes: 2 ** 30,
    messages: 20,
  });
  assert.deepEqual(quota({ domain_quota: 4096 }), { bytes: 4096 });
  assert.equal(quota({ domain_quota: null, domain_quota_messages: '' }), undefined);
  assert.equal(quota({ domain_quota: 'much' }), 'failing');
});

test('a record that has no size is told of', () => {
  for (const quota of ['-1', '"x"', '-5'])
    assert.equal(readRecord(`{"domain":"a.test","quota":${quota}}`).kind, 'mistake');
  assert.deepEqual(readRecord('{"domain":"a.test","quota":"1KiB"}'), {
    kind: 'domain',
    record: { domain: 'a.test', quota: 1024 },
  });
});
