// `sluice mailbox` and `sluice quota`, and what becomes of mail when a user is removed or renamed.

import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../temporary-folder.ts';
import { type RunResult, sluice } from './run.ts';

const configuration = `hostname = "mx.example.com"
[[directory]]
name = "own"
kind = "users"
path = "users.jsonl"
[mailboxes]
path = "mail/\${domain}/\${user}"
quota = "1KiB"
[[route]]
domain = ["a.test"]
mailbox = true
`;

const users = [
  '{"domain":"a.test"}',
  '{"user":"joe@a.test","aliases":["info@a.test"]}',
  '{"user":"sue@a.test","quota":0}',
];

interface World {
  readonly mail: string;
  readonly run: (args: string, input?: string) => Promise<RunResult>;
}

/** @param messages - of so many bytes by their names, by mailbox */
function world(t: TestContext, messages: Readonly<Record<string, readonly number[]>>, more = ''): World {
  const { path } = temporaryFolder(t, 'mailbox');
  writeFileSync(join(path, 'sluice.toml'), configuration + more);
  writeFileSync(join(path, 'users.jsonl'), `${users.join('\n')}\n`);
  const mail = join(path, 'mail');
  mkdirSync(mail);
  for (const [mailbox, sizes] of Object.entries(messages)) {
    for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(mail, mailbox, part), { recursive: true });
    for (const [at, size] of sizes.entries())
      writeFileSync(join(mail, mailbox, 'new', `${at},S=${size}`), 'x');
  }
  return { mail, run: (args, input = '') => sluice(args.split(' '), { cwd: path, input }) };
}

test('mailboxes are listed with what is in them, those of users who are gone as well', async (t) => {
  const { run, mail } = world(t, { 'a.test/joe': [100, 200], 'a.test/gone': [], 'b.test/x': [5] });
  const { stdout, code } = await run('mailbox list a.test');
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `mailbox      messages  size   folder
gone@a.test  0         0 B    ${mail}/a.test/gone (no user)
joe@a.test   2         300 B  ${mail}/a.test/joe
`,
  );
  const json = await run('mailbox list --json');
  assert.deepEqual(
    json.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { address: string }).address),
    ['gone@a.test', 'joe@a.test', 'x@b.test'],
  );
});

test('a mailbox is made, shown by an alias, and removed when somebody says yes', async (t) => {
  const { run, mail } = world(t, {});
  const shown = await run('mailbox show info@a.test');
  assert.equal(
    shown.stdout,
    `user      joe@a.test
mailbox   ${mail}/a.test/joe (made at the first delivery)
messages  0
size      0 B
quota     1.0 KiB, 0 % used
`,
  );
  assert.equal((await run('mailbox create joe@a.test')).code, 0);
  assert.ok(existsSync(join(mail, 'a.test/joe/new')));
  writeFileSync(join(mail, 'a.test/joe/new/a,S=512'), 'x');
  assert.match((await run('mailbox show joe@a.test')).stdout, /^quota {5}1\.0 KiB, 50 % used$/mu);
  const kept = await run('mailbox remove joe@a.test', 'no\n');
  assert.equal(kept.code, 130);
  assert.ok(existsSync(join(mail, 'a.test/joe')));
  const removed = await run('mailbox remove joe@a.test', 'yes\n');
  assert.equal(removed.code, 0);
  assert.ok(!existsSync(join(mail, 'a.test/joe')));
  assert.equal((await run('mailbox remove joe@a.test --yes')).code, 1);
});

test('a user who is unknown is told of, and one without a mailbox', async (t) => {
  const { run } = world(t, {});
  const unknown = await run('mailbox show nobody@a.test');
  assert.equal(unknown.code, 67);
  assert.match(unknown.stderr, /MAILBOX_USER/u);
});

test('the mail of a mailbox is moved to another user, and over nobody', async (t) => {
  const { run, mail } = world(t, { 'a.test/gone': [7], 'a.test/sue': [] });
  const refused = await run('mailbox rename gone@a.test sue@a.test');
  assert.equal(refused.code, 71);
  assert.match(refused.stderr, /is there already/u);
  assert.equal((await run('mailbox rename gone@a.test joe@a.test')).code, 0);
  assert.ok(existsSync(join(mail, 'a.test/joe/new/0,S=7')));
  assert.ok(!existsSync(join(mail, 'a.test/gone')));
});

test('quotas are listed, the fullest first, and counted anew', async (t) => {
  const { run, mail } = world(t, { 'a.test/joe': [512], 'a.test/sue': [10_000], 'a.test/gone': [1000] });
  const listed = await run('quota list');
  assert.equal(
    listed.stdout,
    `mailbox      used  size    quota    messages  most
gone@a.test  97 %  1000 B  1.0 KiB  1         -
joe@a.test   50 %  512 B   1.0 KiB  1         -
`,
  );
  assert.match((await run('quota list --over 60')).stdout, /^gone[^\n]*\n$/mu);
  const file = join(mail, 'a.test/joe/maildirsize');
  assert.equal(readFileSync(file, 'utf8'), '1024S\n512 1\n');
  writeFileSync(join(mail, 'a.test/joe/new/b,S=100'), 'x');
  assert.match((await run('quota show joe@a.test')).stdout, /50 %/u);
  const counted = await run('quota recount joe@a.test --json');
  assert.deepEqual(JSON.parse(counted.stdout), {
    address: 'joe@a.test',
    bytes: 612,
    messages: 2,
    quota: { bytes: 1024 },
    percent: 59,
  });
  assert.match((await run('quota show sue@a.test')).stdout, /sue@a\.test {2}0 % +9\.8 KiB +-/u);
});

test('mail of a user who is removed is kept, or removed with the user', async (t) => {
  const { run, mail } = world(t, { 'a.test/joe': [1], 'a.test/sue': [1] });
  const kept = await run('user remove joe@a.test');
  assert.equal(kept.code, 0, kept.stderr);
  assert.match(kept.stderr, /The mail stays \(.*a\.test\/joe: 1 messages, 1 B\)/u);
  assert.ok(existsSync(join(mail, 'a.test/joe')));
  const again = await run('user add joe@a.test --no-password');
  assert.equal(again.code, 0, again.stderr);
  assert.match(
    again.stderr,
    /There is mail already, which joe@a\.test can read now: .*a\.test\/joe: 1 messages/u,
  );
  const removed = await run('user remove sue@a.test --mail remove');
  assert.equal(removed.code, 0, removed.stderr);
  assert.ok(!existsSync(join(mail, 'a.test/sue')));
});

test('mail of a user who is renamed moves along, or stays', async (t) => {
  const { run, mail } = world(t, { 'a.test/joe': [1], 'a.test/sue': [1] });
  assert.equal((await run('user rename joe@a.test jim@a.test')).code, 0);
  assert.ok(existsSync(join(mail, 'a.test/jim/new/0,S=1')) && !existsSync(join(mail, 'a.test/joe')));
  assert.match((await run('user rename sue@a.test ann@a.test --mail keep')).stderr, /The mail stays in/u);
  assert.ok(existsSync(join(mail, 'a.test/sue')));
});

const sharedQuotas = `[[tenant]]
name = "shop"
user = ["@a.test", "@b.test"]
mailbox_quota = "2KiB"
`;

function worldOfShop(t: TestContext): World {
  return world(
    t,
    { 'a.test/joe': [512], 'a.test/gone': [100], 'b.test/x': [412], 'c.test/x': [7] },
    sharedQuotas,
  );
}

test('what mailboxes share is listed, shown and counted anew with them', async (t) => {
  const { run } = worldOfShop(t);
  assert.match((await run('quota show tenant:shop')).stdout, /^tenant shop +0 % +0 B +2\.0 KiB +0 +-$/mu);
  const counted = await run('quota recount tenant:shop --json');
  assert.deepEqual(JSON.parse(counted.stdout), {
    tenant: 'shop',
    bytes: 1024,
    messages: 3,
    quota: { bytes: 2048 },
    percent: 50,
  });
  assert.match((await run('quota show tenant:shop')).stdout, /^tenant shop +50 %/mu);
  assert.match((await run('quota list')).stdout, /^tenant shop +50 %/mu);
  assert.doesNotMatch((await run('quota list c.test')).stdout, /tenant/u);
  assert.match((await run('quota recount')).stdout, /^tenant shop +50 %/mu);
  const none = await run('quota show b.test');
  assert.equal(none.code, 1);
  assert.match(none.stderr, /The mailboxes of the domain b\.test share no quota\./u);
});

test('a mailbox that a command removes or moves is counted at once', async (t) => {
  const { run } = worldOfShop(t);
  const used = async (): Promise<unknown> => {
    const { bytes, messages } = JSON.parse((await run('quota show tenant:shop --json')).stdout) as {
      bytes: number;
      messages: number;
    };
    return [bytes, messages];
  };
  await run('quota recount tenant:shop');
  await run('domain add c.test');
  assert.equal((await run('mailbox remove gone@a.test --yes')).code, 0);
  assert.deepEqual(await used(), [924, 2]);
  // Out of the tenant, and into it again.
  assert.equal((await run('user rename joe@a.test joe@c.test')).code, 0);
  assert.deepEqual(await used(), [412, 1]);
  assert.equal((await run('user rename joe@c.test jim@a.test')).code, 0);
  assert.deepEqual(await used(), [924, 2]);
  assert.equal((await run('user remove jim@a.test --mail remove')).code, 0);
  assert.deepEqual(await used(), [412, 1]);
});

test('a domain has a quota of its own, which is shown with how full it is', async (t) => {
  const { run } = worldOfShop(t);
  assert.equal((await run('domain set a.test --quota 1KiB --quota-messages 4')).code, 0);
  assert.match((await run('domain list')).stdout, /^a\.test\t\d+\t1KiB, 4 messages$/mu);
  const shown = await run('quota show a.test --json');
  assert.deepEqual((JSON.parse(shown.stdout) as { quota: unknown }).quota, { bytes: 1024, messages: 4 });
  assert.match((await run('quota recount a.test')).stdout, /^domain a\.test +59 % +612 B/mu);
  assert.match((await run('domain show a.test')).stdout, /^used +59 %$/mu);
  assert.match((await run('quota list')).stdout, /^domain a\.test +59 %/mu);
  // Commands count, too.
  assert.equal((await run('mailbox remove gone@a.test --yes')).code, 0);
  assert.match((await run('domain show a.test')).stdout, /^size +512 B$/mu);
  assert.equal((await run('domain set a.test')).code, 64);
  assert.equal((await run('domain set a.test --quota much')).code, 64);
  assert.equal((await run('domain show x.test')).code, 1);
  assert.equal((await run('domain set a.test --no-quota')).code, 0);
  assert.match((await run('domain show a.test')).stdout, /^quota +4 messages$/mu);
  assert.equal((await run('domain set a.test --no-quota-messages')).code, 0);
  assert.match((await run('domain show a.test')).stdout, /^quota +none$/mu);
  assert.equal((await run('quota show a.test')).code, 1);
});

test('a user who can have no mailbox is refused, and told of by check', async (t) => {
  const { run, mail } = world(t, { 'a.test/joe': [1], 'a.test/sue': [1] });
  for (const command of [
    'user add "../x"@a.test --no-password',
    'user set joe@a.test --mailbox /home/%d/x',
    'user rename joe@a.test "../x"@a.test',
  ]) {
    const refused = await run(command);
    assert.equal(refused.code, 65, refused.stderr);
    assert.match(refused.stderr, /can have no mailbox: /u);
  }
  assert.match((await run('user show joe@a.test')).stdout, /^user +joe@a\.test$/mu);
  appendFileSync(join(mail, '../users.jsonl'), `${JSON.stringify({ user: '"../y"@a.test' })}\n`);
  assert.match((await run('check')).stdout, /"\.\.\/y"@a\.test can have no mailbox: the name of the user/u);
  const taken = await run('mailbox rename joe@a.test sue@a.test');
  assert.match(taken.stderr, /^MAILBOX_TAKEN: The mailbox .*\/a\.test\/sue is there already/mu);
});
