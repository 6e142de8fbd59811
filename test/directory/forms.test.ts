// What is read of records, of lines of other servers' files, and of rows of databases.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountOfRow } from '../../src/directory/forms/columns.ts';
import { accountOfPasswdLine } from '../../src/directory/forms/dovecot-passwd.ts';
import { accountOfVpasswdLine } from '../../src/directory/forms/vpasswd.ts';
import { accountOf, readRecord } from '../../src/directory/record.ts';

test('a record has all that is known of a user', () => {
  const read = readRecord(
    '{"user":"Joe@BÜCHER.example","password":"{PLAIN}a","scram":"s","aliases":["J@example.com"],"senders":["@Example.net"],"mailbox":"/var/mail/joe","quota":"1GiB","applications":[{"name":"Phone","password":"{PLAIN}b"}]}',
  );
  assert.ok(read.kind === 'user');
  assert.deepEqual(accountOf(read.record), {
    user: {
      address: 'joe@xn--bcher-kva.example',
      aliases: ['j@example.com'],
      senders: ['@example.net'],
      mailbox: '/var/mail/joe',
      quotaBytes: 1024 ** 3,
    },
    credentials: [
      { password: '{PLAIN}a', scram: 's' },
      { application: 'Phone', password: '{PLAIN}b', scram: undefined },
    ],
    isDisabled: false,
  });
});

for (const [text, reason] of [
  ['joe@example.com:secret', /not JSON/u],
  ['{"user":"joe"}', /user: must be an address/u],
  ['{"user":"joe@example.com","pasword":"x"}', /pasword/u],
  ['{"user":"joe@example.com","quota":"many"}', /quota/u],
  ['{"user":"joe@example.com","senders":["@"]}', /senders/u],
  ['{"domain":"no domain"}', /domain: must be a domain/u],
  ['[]', /./u],
  ['null', /./u],
] as const)
  test(`${text} is no record`, () => {
    const read = readRecord(text);
    assert.ok(read.kind === 'mistake');
    assert.match(read.reason, reason);
  });

test("a line of Dovecot's passwd-file", () => {
  const line =
    '{SSHA}abc:1000:1000::/home/joe::userdb_mail=maildir:~/Maildir userdb_quota_rule=*:storage=100M';
  assert.deepEqual(accountOfPasswdLine('Joe@example.com', line), {
    user: {
      address: 'joe@example.com',
      aliases: [],
      senders: [],
      mailbox: 'maildir:~/Maildir',
      quotaBytes: 100 * 1024 ** 2,
    },
    credentials: [{ password: '{SSHA}abc' }],
    isDisabled: false,
  });
});

for (const [rest, quotaBytes] of [
  ['x:::::: userdb_quota_rule=*:storage=2048', 2048 * 1024],
  ['x:::::: userdb_quota_rule=*:bytes=2048', 2048],
  ['x:::::: userdb_quota_rule=*:messages=10:storage=1G', 1024 ** 3],
  ['x:::::: userdb_quota_storage_size=5M', 5 * 1024 ** 2],
  ['x:::::: userdb_quota_rule=*:storage=0', undefined],
  ['x:::::: userdb_quota_rule=Trash:storage=1G', undefined],
  ['x', undefined],
] as const)
  test(`the quota of ${JSON.stringify(rest)}`, () =>
    assert.equal(accountOfPasswdLine('joe', rest).user.quotaBytes, quotaBytes));

test('numbers of messages in quotas of Dovecot and vpopmail', () => {
  const most = (fields: string): unknown =>
    accountOfPasswdLine('joe', `x:::::: ${fields}`).user.quotaMessages;
  assert.equal(most('userdb_quota_rule=*:storage=1G:messages=1000'), 1000);
  assert.equal(most('userdb_quota_rule=*:messages=20'), 20);
  assert.equal(most('userdb_quota_message_count=30'), 30);
  assert.equal(most('userdb_quota_message_count=0'), undefined);
  assert.equal(most('userdb_quota_rule=*:storage=1G'), undefined);
  assert.equal(accountOfVpasswdLine('joe', 'x:1:0::/m:1000C').user.quotaMessages, 1000);
  assert.equal(accountOfVpasswdLine('joe', 'x:1:0::/m:0C').user.quotaMessages, undefined);
});

test('of other lines, what is missing is not known', () => {
  const { user, credentials, isDisabled } = accountOfPasswdLine('joe', '$1$a$b');
  assert.deepEqual([user.mailbox, credentials, isDisabled], [undefined, [{ password: '$1$a$b' }], false]);
  assert.deepEqual(accountOfPasswdLine('joe', '::::/home/joe').credentials, []);
  assert.equal(accountOfPasswdLine('joe', '::::/home/joe').user.mailbox, '/home/joe');
  assert.ok(accountOfPasswdLine('joe', 'x:::::: nologin').isDisabled);
  assert.ok(accountOfPasswdLine('joe', 'x:::::: nologin=y').isDisabled);
  assert.ok(!accountOfPasswdLine('joe', 'x:::::: nologin=n').isDisabled);
});

test("a line of vpopmail's vpasswd", () => {
  const line = '$1$salt$hash:1:0:Joe Doe:/home/vpopmail/domains/example.com/joe:52428800S,1000C:clear';
  assert.deepEqual(accountOfVpasswdLine('joe@example.com', line), {
    user: {
      address: 'joe@example.com',
      aliases: [],
      senders: [],
      mailbox: '/home/vpopmail/domains/example.com/joe/Maildir',
      quotaBytes: 52_428_800,
      quotaMessages: 1000,
    },
    credentials: [{ password: '$1$salt$hash' }],
    isDisabled: false,
  });
});

for (const [quota, bytes] of [
  ['NOQUOTA', undefined],
  ['', undefined],
  ['10485760', 10_485_760],
  ['50MB', 50 * 1024 ** 2],
  ['100K', 100 * 1024],
  ['1000C', undefined],
] as const)
  test(`vpopmail's quota ${JSON.stringify(quota)}`, () =>
    assert.equal(accountOfVpasswdLine('a', `x:1:0::/d:${quota}`).user.quotaBytes, bytes));

test('an account of vpopmail that may not use SMTP may not log in', () => {
  assert.ok(accountOfVpasswdLine('a', 'x:1:2048:::').isDisabled);
  assert.ok(!accountOfVpasswdLine('a', 'x:1:7:::').isDisabled);
});

test('a row of a database has columns as a record has keys', () => {
  const row = {
    password: '{PLAIN}a',
    quota: '1024',
    aliases: 'a@example.com, b@example.com',
    senders: '["@example.net"]',
    disabled: '0',
  };
  assert.deepEqual(accountOfRow('joe@example.com', JSON.stringify(row)), {
    kind: 'account',
    account: {
      user: {
        address: 'joe@example.com',
        aliases: ['a@example.com', 'b@example.com'],
        senders: ['@example.net'],
        mailbox: undefined,
        quotaBytes: 1024,
      },
      credentials: [{ password: '{PLAIN}a', scram: undefined }],
      isDisabled: false,
    },
  });
});

test('a column with a whole record counts alone', () => {
  const record = JSON.stringify({ user: 'joe@example.com', mailbox: '/m' });
  const found = accountOfRow('alias@example.com', JSON.stringify({ record }));
  assert.equal(found.kind === 'account' && found.account.user.address, 'joe@example.com');
});

test('a row with an unknown column is no record, and no missing user', () => {
  const found = accountOfRow('joe@example.com', '{"pasword":"x"}');
  assert.ok(found.kind === 'failing');
  assert.match(found.reason, /pasword/u);
});
