// Sources with databases: SQLite with the tables of Sluice's own directory and with those of others, and the files of vpopmail.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { SourceSettings } from '../../src/directory/settings.ts';
import { schema } from '../../src/directory/sources/own-database.ts';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { directoryWorld, type DirectoryWorld, withPassword } from './world.ts';

function database(
  { folder }: DirectoryWorld,
  sql: string,
  query?: string,
): { readonly source: SourceSettings; readonly connection: DatabaseSync } {
  const path = join(folder.path, 'users.sqlite');
  const connection = new DatabaseSync(path);
  folder.atEnd(() => connection.close());
  connection.exec(sql);
  const times = { timeoutMs: 60_000, cacheBytes: 0, cacheMs: 0, absentCacheMs: 0 };
  return {
    source: { kind: 'sqlite', name: 'base', path, key: 'address', domains: [], query, ...times },
    connection,
  };
}

test("the tables of Sluice's own directory in SQLite", async (t) => {
  const it = directoryWorld(t);
  const { source, connection } = database(
    it,
    `${schema}
    INSERT INTO domains (domain) VALUES ('example.com');
    INSERT INTO users (address, password, mailbox, quota) VALUES ('joe@example.com', '{PLAIN}a', '/m', 1024);
    INSERT INTO users (address, password) VALUES ('jane@example.com', '{PLAIN}b');
    INSERT INTO aliases VALUES ('j@example.com', 'joe@example.com');
    INSERT INTO senders VALUES ('joe@example.com', '@example.net');
    INSERT INTO applications VALUES ('joe@example.com', 'Phone', '{PLAIN}c', NULL);`,
  );
  const users = await it.open([source]);
  for (const address of ['joe@example.com', 'J@example.com'])
    assert.deepEqual(await users.find(address), {
      kind: 'user',
      user: {
        address: 'joe@example.com',
        aliases: ['j@example.com'],
        senders: ['@example.net'],
        mailbox: '/m',
        quotaBytes: 1024,
      },
    });
  const found = await users.find('jane@example.com');
  assert.deepEqual(found.kind === 'user' && [found.user.aliases, found.user.senders], [[], []]);
  const phone = await users.checkPassword(withPassword('joe@example.com', 'c'));
  assert.equal(phone.kind === 'right' && phone.application, 'Phone');
  assert.equal((await users.checkPassword(withPassword('joe@example.com', 'b'))).kind, 'wrong');
  assert.deepEqual(await users.find('@example.com'), { kind: 'absent' });
  assert.deepEqual(await users.findDomain('EXAMPLE.com'), { kind: 'present' });
  assert.deepEqual(await users.findDomain('example.net'), { kind: 'absent' });
  connection.exec("UPDATE users SET disabled = 1 WHERE address = 'joe@example.com'");
  assert.equal((await users.checkPassword(withPassword('joe@example.com', 'a'))).kind, 'wrong');
});

test('a query of the administrator names the columns', async (t) => {
  const it = directoryWorld(t);
  const { source } = database(
    it,
    `CREATE TABLE accounts (login TEXT, crypt TEXT, home TEXT, megabytes INTEGER);
     INSERT INTO accounts VALUES ('joe@example.com', '{PLAIN}a', '/home/joe', 5);
     INSERT INTO accounts VALUES ('none@example.com', NULL, NULL, NULL)`,
    'SELECT crypt AS password, home AS mailbox, megabytes * 1024 * 1024 AS quota FROM accounts WHERE login = ?',
  );
  const users = await it.open([source]);
  const right = await users.checkPassword(withPassword('joe@example.com', 'a'));
  assert.ok(right.kind === 'right');
  assert.deepEqual([right.user.mailbox, right.user.quotaBytes], ['/home/joe', 5 * 1024 ** 2]);
  assert.equal((await users.find('jane@example.com')).kind, 'absent');
  assert.equal((await users.find('none@example.com')).kind, 'user', 'a row says that the user is there');
});

test('a query with a column that no record has fails, and makes no user unknown', async (t) => {
  const it = directoryWorld(t);
  const { source } = database(
    it,
    "CREATE TABLE a (login TEXT, pw TEXT); INSERT INTO a VALUES ('joe@example.com', 'x')",
    'SELECT pw FROM a WHERE login = ?',
  );
  const users = await it.open([source]);
  const found = await users.find('joe@example.com');
  assert.ok(found.kind === 'failing');
  assert.match(found.reason, /the source "base": .*pw/u);
});

const line = '{PLAIN}a:1:0:Joe:/home/vpopmail/domains/example.com/joe:NOQUOTA';

function vpopmail({ folder }: DirectoryWorld): string {
  const domains = join(folder.path, 'domains');
  for (const domain of ['example.com', 'example.net', 'empty.example'])
    mkdirSync(join(domains, domain), { recursive: true });
  writeFileSync(join(domains, 'example.com', 'vpasswd'), `joe:${line}\n`);
  writeFileSync(join(folder.path, 'secret'), `joe:${line}\n`);
  return domains;
}

test("vpopmail's domains are folders, each with a vpasswd or a vpasswd.cdb", async (t) => {
  const it = directoryWorld(t);
  const path = vpopmail(it);
  const text = join(it.folder.path, 'net.passwd');
  writeFileSync(text, `jane:${line}\n`);
  await buildCdb(join(path, 'example.net', 'vpasswd.cdb'), text, textForms.passwd);
  const users = await it.open([{ kind: 'vpopmail', name: 'vpopmail', path, domains: [] }]);
  const right = await users.checkPassword(withPassword('Joe@Example.com', 'a'));
  assert.ok(right.kind === 'right');
  assert.equal(right.user.mailbox, '/home/vpopmail/domains/example.com/joe/Maildir');
  assert.equal((await users.checkPassword(withPassword('jane@example.net', 'a'))).kind, 'right');
  assert.equal((await users.checkPassword(withPassword('jane@example.com', 'a'))).kind, 'wrong');
  assert.equal((await users.find('joe@example.org')).kind, 'absent');
  assert.equal((await users.find('joe')).kind, 'absent');
  assert.deepEqual(await users.findDomain('example.net'), { kind: 'present' });
  assert.deepEqual(await users.findDomain('example.org'), { kind: 'absent' });
  assert.equal(
    (await users.find('joe@empty.example')).kind,
    'failing',
    'a domain without its file cannot tell',
  );
});

test('what a client sends as a domain leads out of no folder', async (t) => {
  const it = directoryWorld(t);
  const path = vpopmail(it);
  mkdirSync(join(it.folder.path, 'outside'));
  writeFileSync(join(it.folder.path, 'outside', 'vpasswd'), `joe:${line}\n`);
  const users = await it.open([{ kind: 'vpopmail', name: 'vpopmail', path, domains: [] }]);
  for (const domain of ['../outside', '..', '.', 'example.com/../../outside', '/', 'example.com/'])
    assert.deepEqual(await users.find(`joe@${domain}`), { kind: 'absent' }, domain);
});

test("qmail's users/assign names the folders, and domains that are other names of one", async (t) => {
  const it = directoryWorld(t);
  const domains = vpopmail(it);
  const path = join(it.folder.path, 'assign');
  writeFileSync(
    path,
    `+example.com-:example.com:89:89:${domains}/example.com:-::\n+alias.example-:example.com:89:89:${domains}/example.com:-::\n.\n`,
  );
  const users = await it.open([{ kind: 'vpopmail', name: 'vpopmail', path, domains: [] }]);
  const right = await users.checkPassword(withPassword('joe@alias.example', 'a'));
  assert.ok(right.kind === 'right');
  assert.equal(right.user.address, 'joe@example.com');
  assert.deepEqual(await users.findDomain('alias.example'), { kind: 'present' });
  assert.deepEqual(await users.find('joe@example.net'), { kind: 'absent' });
});
