// Mail for users who have it forwarded or answered, and for aliases: what goes on, from whom, and what stays in the mailbox.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { User } from '../../../src/directory/types.ts';
import { absent } from '../../../src/table/table.ts';
import type { MailboxWay } from '../../../src/values/mailbox-way.ts';
import type { OnwardMail } from '../../../src/values/onward-mail.ts';
import { fixture } from '../fixture.ts';
import type { MessageOptions } from '../memory-reader.ts';
import { deliver, folderFor, mailboxDefaults } from './pipe-fixture.ts';

interface Made {
  readonly users?: Readonly<Record<string, Partial<User>>>;
  readonly aliases?: Readonly<Record<string, string>>;
}

async function ground(t: TestContext, { users = {}, aliases = {} }: Made) {
  const base = folderFor(t);
  const way: MailboxWay = { ...mailboxDefaults, path: join(base, '${user}'), aliases: 'aliases' };
  const find = (address: string) => {
    const user = users[address];
    return Promise.resolve(
      user === undefined
        ? ({ kind: 'absent' } as const)
        : ({ kind: 'user', user: { address, aliases: [], senders: [], ...user } } as const),
    );
  };
  const lookup = (_: string, keys: readonly string[]) =>
    Promise.resolve(
      keys.map((key) => {
        const value = aliases[key];
        return value === undefined ? absent : ({ kind: 'found', values: [value] } as const);
      }),
    );
  const made = await fixture(t, undefined, undefined, { find }, { lookup });
  const send = async (message: Omit<MessageOptions, 'to'> & { readonly to: string }) => {
    const [shown] = await deliver(made, way, { ...message, to: [message.to] });
    const result = made.reports.results.at(-1);
    const onward = result?.result === 'delivered' ? result.onward : undefined;
    return { told: shown?.error ?? shown?.result, onward, mails: onward?.mails ?? [] };
  };
  const count = (user: string): number =>
    existsSync(join(base, user, 'new')) ? readdirSync(join(base, user, 'new')).length : 0;
  return { base, send, count, log: made.log };
}

function forwardTo(...recipients: readonly string[]): OnwardMail {
  const fields = 'Delivered-To: joe@a.test\r\n';
  return { reason: 'forward', reversePath: 'a@from.test', recipients, fields };
}

test('mail of a user goes to others, and into the mailbox only if a copy is kept', async (t) => {
  const forward = ['one@b.test', 'two@c.test', 'one@b.test'];
  for (const [user, hasCopy] of [
    [{ forward }, false],
    [{ forward, keepCopy: true }, true],
    [{ forward: ['joe@a.test', ...forward] }, true],
    [{ forward: ['Joseph@a.test', ...forward], aliases: ['joseph@a.test'] }, true],
  ] as const) {
    const { send, count } = await ground(t, { users: { 'joe@a.test': user } });
    // Queue ids are never used again.
    const { told, onward } = await send({ to: 'joe@a.test', envelope: { queueId: JSON.stringify(user) } });
    assert.equal(told, 'delivered');
    assert.deepEqual(onward, { mails: [forwardTo('one@b.test', 'two@c.test')], hasCopy });
    assert.equal(count('joe'), Number(hasCopy));
  }
});

test('a user who forwards to the own address alone has a mailbox like others', async (t) => {
  const { send, count } = await ground(t, { users: { 'joe@a.test': { forward: ['joe@a.test'] } } });
  const { onward } = await send({ to: 'joe@a.test' });
  assert.equal(onward, undefined);
  assert.equal(count('joe'), 1);
});

test('mail that was forwarded from here and comes back is returned', async (t) => {
  const { send } = await ground(t, { users: { 'joe@a.test': { forward: ['one@b.test'] } } });
  const { told } = await send({
    to: 'joe@a.test',
    content: 'Delivered-To: joe@a.test\r\nSubject: x\r\n\r\n',
  });
  assert.match(told ?? '', /^550 5\.4\.6 mail loop/u);
});

test('when what goes on could not be stored, the copy is not put into the mailbox again', async (t) => {
  const user = { forward: ['one@b.test'], keepCopy: true };
  const { send, count } = await ground(t, { users: { 'joe@a.test': user } });
  const envelope = { queueId: 'twice' };
  const first = await send({ to: 'joe@a.test', envelope });
  const second = await send({ to: 'joe@a.test', envelope });
  assert.deepEqual(second.onward, first.onward);
  assert.equal(count('joe'), 1);
});

test('an alias goes to all that it stands for, each once, and is not looked up again', async (t) => {
  const { send, count } = await ground(t, {
    aliases: {
      'staff@a.test': 'joe, sue@a.test, ext@b.test, all@a.test',
      'all@a.test': 'JOE@a.test, ann',
      'ann@a.test': '\\ann, ann@c.test',
    },
  });
  const { onward } = await send({ to: 'Staff+x@a.test' });
  assert.deepEqual(onward, {
    mails: [
      {
        reason: 'alias',
        reversePath: 'a@from.test',
        recipients: ['joe@a.test', 'sue@a.test', 'ext@b.test', 'ann@a.test', 'ann@c.test'],
        fields: 'Delivered-To: Staff+x@a.test\r\n',
        isExpanded: true,
      },
    ],
    hasCopy: false,
  });
  assert.equal(count('staff'), 0);
});

test('an alias that names itself is delivered into its mailbox, too', async (t) => {
  const { send, count } = await ground(t, {
    users: { 'joe@a.test': { forward: ['one@b.test'], keepCopy: true } },
    aliases: { 'joe@a.test': 'joe, archive@b.test' },
  });
  const { mails, onward } = await send({ to: 'joe+lists@a.test' });
  assert.deepEqual(
    mails.map(({ reason, recipients }) => [reason, recipients]),
    [
      ['alias', ['archive@b.test']],
      ['forward', ['one@b.test']],
    ],
  );
  assert.equal(onward?.hasCopy, true);
  assert.equal(count('joe'), 1);
  const expanded = await send({ to: 'joe@a.test', envelope: { isExpanded: true, queueId: 'other' } });
  assert.deepEqual(
    expanded.mails.map(({ reason }) => reason),
    ['forward'],
  );
});

test('the mailbox of an alias that nobody has is reported, and the others get the mail', async (t) => {
  const { send } = await ground(t, { aliases: { 'joe@a.test': 'joe, archive@b.test' } });
  const { mails } = await send({ to: 'joe@a.test' });
  assert.deepEqual(
    mails.map(({ recipients, fields }) => [recipients, fields]),
    [
      [['archive@b.test'], 'Delivered-To: joe@a.test\r\n'],
      [['joe@a.test'], ''],
    ],
  );
  const { told } = await send({ to: 'joe@a.test', envelope: { isExpanded: true } });
  assert.match(told ?? '', /^550 5\.1\.1/u);
});

test('a list has its owner as the sender, but a report keeps the empty one', async (t) => {
  const { send } = await ground(t, {
    users: { 'owner-inner@a.test': {} },
    aliases: {
      'staff@a.test': 'joe@b.test, inner@a.test',
      'owner-staff@a.test': 'sue@a.test',
      'inner@a.test': 'ann@b.test',
    },
  });
  const { mails } = await send({ to: 'staff@a.test' });
  assert.deepEqual(
    mails.map(({ reversePath, recipients }) => [reversePath, recipients]),
    [
      ['owner-staff@a.test', ['joe@b.test']],
      ['owner-inner@a.test', ['ann@b.test']],
    ],
  );
  const report = await send({ to: 'staff@a.test', envelope: { reversePath: '' } });
  assert.deepEqual([...new Set(report.mails.map(({ reversePath }) => reversePath))], ['']);
  const owner = await send({ to: 'owner-staff@a.test' });
  assert.deepEqual(owner.mails[0]?.reversePath, 'a@from.test');
});

test('the alias for all names of a domain is for those without a mailbox', async (t) => {
  const { send, count } = await ground(t, {
    users: { 'joe@a.test': {} },
    aliases: { '@a.test': 'rest@b.test', '@old.test': '@new.test' },
  });
  assert.equal((await send({ to: 'joe@a.test' })).onward, undefined);
  assert.equal(count('joe'), 1);
  assert.deepEqual((await send({ to: 'any@a.test' })).mails[0]?.recipients, ['rest@b.test']);
  assert.deepEqual((await send({ to: 'Sue@old.test' })).mails[0]?.recipients, ['Sue@new.test']);
});

for (const [what, aliases, why] of [
  [
    'goes in circles',
    { 'x@a.test': 'y@a.test', 'y@a.test': 'x@a.test' },
    /goes in circles: x@a\.test -> y@a\.test -> x@a\.test/u,
  ],
  [
    'names a program',
    { 'x@a.test': '"|/bin/rm -rf"' },
    /names "\|\/bin\/rm -rf", which is only for users of the system/u,
  ],
  ['names a file', { 'x@a.test': '/var/mail/x' }, /only for users of the system/u],
  ['names a list in a file', { 'x@a.test': ':include:/etc/list' }, /only for users of the system/u],
  ['cannot be read', { 'x@a.test': 'a b c' }, /cannot be read/u],
  ['stands for nothing', { 'x@a.test': ' , ' }, /stands for nothing/u],
  [
    'is too deep',
    Object.fromEntries(
      Array.from({ length: 25 }, (_, at) => [`${at === 0 ? 'x' : `n${at}`}@a.test`, `n${at + 1}@a.test`]),
    ),
    /more than 20 deep/u,
  ],
  [
    'stands for too many',
    { 'x@a.test': Array.from({ length: 1_001 }, (_, at) => `n${at}@b.test`).join(', ') },
    /stands for more than 1000 addresses/u,
  ],
] as const)
  test(`mail for an alias that ${what} waits`, async (t) => {
    const { send } = await ground(t, { aliases });
    const { told, onward } = await send({ to: 'x@a.test' });
    assert.match(told ?? '', /^451 4\.3\.5/u);
    assert.match(told ?? '', why);
    assert.equal(onward, undefined);
  });

const asked = 'To: Joe <joe@a.test>\r\nSubject: Hello\r\nMessage-ID: <1@from.test>\r\n\r\nHi\r\n';

test('a user who is away answers each sender once, and what was answered is remembered', async (t) => {
  const users = { 'joe@a.test': { autoreply: { text: 'I am away.\nJoe' } } };
  const { base, send, count } = await ground(t, { users });
  const { mails, onward } = await send({ to: 'joe@a.test', content: asked });
  const [answer] = mails;
  assert.equal(onward?.hasCopy, true);
  assert.deepEqual(
    [answer?.reason, answer?.reversePath, answer?.recipients],
    ['autoreply', '', ['a@from.test']],
  );
  assert.match(
    answer?.content ?? '',
    /^From: <joe@a\.test>\r\nTo: <a@from\.test>\r\nSubject: Auto: Hello\r\n/u,
  );
  assert.match(answer?.content ?? '', /\r\nIn-Reply-To: <1@from\.test>\r\nReferences: <1@from\.test>\r\n/u);
  assert.match(answer?.content ?? '', /\r\n\r\nI am away\.\r\nJoe\r\n$/u);
  assert.equal((await send({ to: 'joe@a.test', content: asked })).onward, undefined);
  const other = await send({ to: 'joe@a.test', content: asked, envelope: { reversePath: 'b@from.test' } });
  assert.equal(other.mails.length, 1);
  assert.equal(count('joe'), 3);
  assert.equal(readFileSync(join(base, 'joe/autoreplies'), 'utf8').split('\n').length, 3);
});

test('a user whose mail is all forwarded can be away, too', async (t) => {
  const users = { 'joe@a.test': { forward: ['one@b.test'], autoreply: { text: 'Away.' } } };
  const { send, count } = await ground(t, { users });
  const { mails } = await send({ to: 'joe@a.test', content: asked });
  assert.deepEqual(
    mails.map(({ reason }) => reason),
    ['forward', 'autoreply'],
  );
  assert.equal(count('joe'), 0);
});

test('an answer that cannot be remembered is not sent, and the mail is delivered', async (t) => {
  const users = { 'joe@a.test': { autoreply: { text: 'Away.' } } };
  const { base, send, count, log } = await ground(t, { users });
  await send({ to: 'joe@a.test' });
  mkdirSync(join(base, 'joe/autoreplies'));
  assert.equal((await send({ to: 'joe@a.test', content: asked })).onward, undefined);
  assert.equal(count('joe'), 2);
  assert.ok(
    log.some((line) => /mail for joe@a\.test is not answered/u.test(String(line['msg'] ?? line['message']))),
  );
});
