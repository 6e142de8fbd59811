// Quotas and folders of mailboxes: what has no room waits or goes back, and the user is warned once.

import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FoundUser } from '../../../src/directory/types.ts';
import type { MailboxWay, QuotaSettings } from '../../../src/values/mailbox-way.ts';
import { fixture, type ShownResult } from '../fixture.ts';
import { deliver, folderFor, mailboxDefaults } from './pipe-fixture.ts';

interface Ground {
  readonly mailbox: string;
  /** Delivers a message of this number of bytes beside its header to joe. */
  readonly send: (bytes?: number, to?: string) => Promise<string>;
  readonly names: (folder?: string) => string[];
  readonly read: (name: string) => string;
}

const header = 'Subject: x\n\n';
const fields = 'Return-Path: <a@from.test>\nDelivered-To: joe@a.test\n';
/** Of a message without a body. */
const emptyBytes = fields.length + header.length;

async function ground(
  t: TestContext,
  quota: Partial<QuotaSettings> = {},
  change: Partial<MailboxWay> = {},
  quotaBytes?: number,
): Promise<Ground> {
  const base = folderFor(t);
  const mailbox = join(base, 'joe');
  const way: MailboxWay = {
    ...mailboxDefaults,
    path: join(base, '${user}'),
    ...change,
    quota: { ...mailboxDefaults.quota, ...quota },
  };
  const user = { address: 'joe@a.test', aliases: [], senders: [], quotaBytes };
  const find = (address: string): Promise<FoundUser> =>
    Promise.resolve(address === 'joe@a.test' ? { kind: 'user', user } : { kind: 'absent' });
  const made = await fixture(t, new Map(), undefined, { find });
  const send = async (bytes = 0, to = 'joe@a.test'): Promise<string> => {
    const content = `${header.replaceAll('\n', '\r\n')}${'x'.repeat(bytes)}`;
    const [result] = (await deliver(made, way, { to: [to], content })) as [ShownResult];
    return result.error ?? result.result;
  };
  const names = (folder = ''): string[] => readdirSync(join(mailbox, folder, 'new'));
  const read = (name: string): string => readFileSync(join(mailbox, name), 'utf8');
  return { mailbox, send, names, read };
}

test('mail is delivered as long as there is room, and waits then', async (t) => {
  const { send, names, read } = await ground(t, { bytes: 3 * emptyBytes });
  assert.equal(await send(), 'delivered');
  assert.equal(await send(emptyBytes), 'delivered');
  assert.match(await send(), /^452 4\.2\.2 the mailbox is full: /);
  assert.equal(names().length, 2);
  assert.equal(read('maildirsize'), `${3 * emptyBytes}S\n${emptyBytes} 1\n${2 * emptyBytes} 1\n`);
});

test('a smaller message may find room that a large one does not', async (t) => {
  const { send } = await ground(t, { bytes: 3 * emptyBytes });
  assert.match(await send(2 * emptyBytes + 1), /4\.2\.2/);
  assert.equal(await send(), 'delivered');
});

test('messages are counted, too', async (t) => {
  const { send } = await ground(t, { messages: 1 });
  assert.equal(await send(), 'delivered');
  assert.match(await send(), /4\.2\.2 the mailbox is full: 1 messages of 1 messages/);
});

test('mail for a full mailbox goes back when the grace is over', async (t) => {
  const { mailbox, send } = await ground(t, { messages: 1, whenFull: 'return', graceMs: 3_600_000 });
  await send();
  // The first look makes the file.
  assert.match(await send(), /4\.2\.2/);
  const before = Date.now() / 1000 - 3601;
  utimesSync(join(mailbox, 'maildirsize'), before, before);
  assert.match(await send(), /^552 5\.2\.2 the mailbox is full/);
});

test('without a grace, it goes back at once', async (t) => {
  const { send } = await ground(t, { messages: 1, whenFull: 'return' });
  await send();
  assert.match(await send(), /5\.2\.2/);
});

test('the quota of a user comes before that of all, and 0 is none', async (t) => {
  const own = await ground(t, { bytes: 10 }, {}, 2 * emptyBytes);
  assert.equal(await own.send(), 'delivered');
  const none = await ground(t, { bytes: 10 }, {}, 0);
  assert.equal(await none.send(), 'delivered');
  assert.ok(!readdirSync(none.mailbox).includes('maildirsize'));
});

test('at the percentage of the warning, the user is told, once', async (t) => {
  const { send, names, read } = await ground(t, { messages: 5, warnPercent: 60 });
  await send();
  await send();
  assert.equal(names().length, 2);
  await send();
  assert.equal(names().length, 4);
  const warning = names()
    .map((name) => read(`new/${name}`))
    .find((text) => text.includes('Your mailbox is'));
  assert.match(
    warning ?? '',
    /^Return-Path: <>\nFrom: Mail Delivery System <mailer@sluice\.test>\nTo: <joe@a\.test>\nSubject: Your mailbox is 60 % full\n/,
  );
  assert.match(warning ?? '', /3 messages of 5 messages/);
  assert.ok(!warning?.includes('\r'));
  assert.equal(await send(), 'delivered');
  assert.equal(names().length, 5);
  assert.match(await send(), /4\.2\.2/);
});

test('several messages at once find no more room than there is', async (t) => {
  const base = folderFor(t);
  const way: MailboxWay = {
    ...mailboxDefaults,
    path: join(base, '${user}'),
    quota: { ...mailboxDefaults.quota, messages: 3 },
  };
  const find = (): Promise<FoundUser> =>
    Promise.resolve({ kind: 'user', user: { address: 'joe@a.test', aliases: [], senders: [] } });
  const made = await fixture(t, new Map(), undefined, { find });
  const to = Array.from({ length: 8 }, (_, at) => `alias${at}@a.test`);
  const results = await deliver(made, way, { to, content: 'Subject: x\r\n\r\n' });
  assert.equal(results.filter(({ result }) => result === 'delivered').length, 3);
  assert.equal(readdirSync(join(base, 'joe/new')).length, 3);
});

test('with "existing", an extension finds a folder that is there, and else the inbox', async (t) => {
  const { mailbox, send, names } = await ground(t, {}, { folders: 'existing' });
  await send(0, 'joe+lists@a.test');
  assert.equal(names().length, 1);
  mkdirSync(join(mailbox, '.lists'));
  await send(0, 'joe+lists@a.test');
  assert.equal(names('.lists').length, 1);
  await send(0, 'joe+../../x@a.test');
  await send(0, 'joe@a.test');
  assert.equal(names().length, 3);
});

test('with "create", the folder is made, and programs know it for one', async (t) => {
  const { mailbox, send, names } = await ground(t, {}, { folders: 'create' });
  await send(0, 'joe+Lists.work@a.test');
  await send(0, 'joe+Lists.work@a.test');
  assert.equal(names('.Lists.work').length, 2);
  assert.ok(readdirSync(join(mailbox, '.Lists.work')).includes('maildirfolder'));
});

test('a symbolic link in the place of a folder is not followed', async (t) => {
  const { mailbox, send, names } = await ground(t, {}, { folders: 'existing' });
  await send();
  const other = folderFor(t);
  symlinkSync(other, join(mailbox, '.lists'));
  assert.equal(await send(0, 'joe+lists@a.test'), 'delivered');
  assert.deepEqual(readdirSync(other), []);
  assert.equal(names().length, 2);
});

test('mail in folders counts for the quota', async (t) => {
  const { send } = await ground(t, { messages: 2 }, { folders: 'create' });
  await send(0, 'joe+a@a.test');
  await send(0, 'joe+b@a.test');
  assert.match(await send(), /4\.2\.2/);
});

test('mail for a domain whose mailboxes are full waits, and says which quota it was', async (t) => {
  const shared = { domain: { messages: 2 }, tenants: [] };
  const { send, mailbox, names } = await ground(t, {}, { shared });
  assert.equal(await send(), 'delivered');
  assert.equal(await send(), 'delivered');
  assert.equal(
    await send(),
    '452 4.2.2 the mailboxes of the domain a.test are full: 2 messages of 2 messages',
  );
  assert.equal(names().length, 2);
  assert.ok(!readdirSync(mailbox).includes('maildirsize'));
});

test('so it is with a tenant, and mail goes back where it is wanted', async (t) => {
  const limits = { bytes: emptyBytes };
  const shared = { domain: {}, tenants: [{ name: 'shop', users: ['@a.test'], limits }] };
  const { send } = await ground(t, { whenFull: 'return' }, { shared });
  assert.equal(await send(), 'delivered');
  assert.match(await send(), /^552 5\.2\.2 the mailboxes of the tenant shop are full: /);
});

test('a delivery that fails gives its room back, in the mailbox and in the domain', async (t) => {
  const shared = { domain: { messages: 3 }, tenants: [] };
  const { send, mailbox, read } = await ground(t, { messages: 3 }, { shared });
  await send();
  await send();
  rmSync(join(mailbox, 'new'), { recursive: true });
  writeFileSync(join(mailbox, 'new'), 'no folder');
  assert.match(await send(), /^45/);
  assert.match(read('maildirsize'), new RegExp(`\n${emptyBytes} 1\n-${emptyBytes} -1\n$`));
  rmSync(join(mailbox, 'new'));
  mkdirSync(join(mailbox, 'new'));
  assert.equal(await send(), 'delivered');
});
