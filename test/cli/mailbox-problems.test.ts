// What `sluice check` says of mailboxes and quotas.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { mailboxProblems } from '../../src/cli/mailbox-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import { keyText } from '../../src/config/read/key-text.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const start = `hostname = "mx.example.com"
spool = "/var/spool/sluice"
[[directory]]
name = "own"
kind = "users"
path = "users.jsonl"
`;
const route = '[[route]]\ndomain = ["a.test"]\nmailbox = true\n';

/** A disk of 1 MiB. */
function told(folder: string, text: string): readonly string[] {
  const config = parseConfig(`${start}${text}`, join(folder, 'sluice.toml'));
  return mailboxProblems(config, () => 1024 ** 2).map(({ path, message }) => `${keyText(path)}: ${message}`);
}

function folderFor(t: TestContext): string {
  return temporaryFolder(t, 'mailbox-problems').path;
}

test('a folder of mailboxes that is missing is told, where mail is delivered into mailboxes', (t) => {
  const folder = folderFor(t);
  const mailboxes = '[mailboxes]\npath = "mail/${domain}/${user}"\n';
  const [missing = '', ...more] = told(folder, `${mailboxes}${route}`);
  assert.ok(
    missing.startsWith(`mailboxes.path: ${folder}/mail is not there: mail for mailboxes below it waits.`),
  );
  assert.deepEqual(more, []);
  assert.deepEqual(told(folder, mailboxes), []);
  writeFileSync(join(folder, 'file'), '');
  assert.match(told(folder, `${mailboxes.replace('mail/', 'file/')}${route}`)[0] ?? '', /file is no folder/u);
  mkdirSync(join(folder, 'mail'));
  assert.deepEqual(told(folder, `${mailboxes}${route}`), []);
});

test('quotas that are larger than the disk are told', (t) => {
  const folder = folderFor(t);
  mkdirSync(join(folder, 'mail'));
  const text = (size: string): string => `[queue]
tenant_max_size = "${size}"
[mailboxes]
path = "mail/\${user}"
quota = "${size}"
domain_quota = "${size}"
[[tenant]]
name = "shop"
user = ["@a.test"]
queue_max_size = "${size}"
mailbox_quota = "${size}"
${route}`;
  assert.deepEqual(told(folder, text('1MiB')), []);
  const all = told(folder, text('2MiB'));
  assert.deepEqual(
    all.map((line) => line.split(': ')[0]),
    [
      'mailboxes.quota',
      'mailboxes.domain_quota',
      'tenant[1].mailbox_quota',
      'queue.tenant_max_size',
      'tenant[1].queue_max_size',
    ],
  );
  assert.ok(
    all[0]?.endsWith(
      `2MiB is more than the whole disk of ${folder}/mail has (1.0 MiB), so the disk will be full before`,
    ),
  );
});

test('a quota for the mailboxes of a tenant that names no users is told', (t) => {
  const tenant = '[[tenant]]\nname = "shop"\nmailbox_quota_messages = 5\n';
  assert.deepEqual(told(folderFor(t), tenant), [
    'tenant[1].mailbox_quota_messages: is for no mailbox: the tenant has those of its users, and no "user" names any',
  ]);
});
