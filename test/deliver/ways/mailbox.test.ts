// Delivery into mailboxes: what is in them, who has one, and that a fault of this host returns no mail.

import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FoundUser } from '../../../src/directory/types.ts';
import type { MailboxWay } from '../../../src/values/mailbox-way.ts';
import { fixture, type ShownResult } from '../fixture.ts';
import type { MessageOptions } from '../memory-reader.ts';
import { deliver, folderFor, mailboxDefaults } from './pipe-fixture.ts';

const own: Readonly<Record<string, string>> = {};

/** Users of a test: joe, sue, one whose mailbox is elsewhere, and what the directory cannot tell. */
function usersOf(mailboxes: Readonly<Record<string, string>>) {
  return {
    find: (address: string): Promise<FoundUser> => {
      if (address.startsWith('failing')) return Promise.resolve({ kind: 'failing', reason: 'it is away' });
      const names: Readonly<Record<string, string>> = { 'joseph@a.test': 'joe@a.test' };
      const known = names[address] ?? address;
      if (!/^(joe|sue|far|a\/b|joe\+own)@a\.test$/.test(known)) return Promise.resolve({ kind: 'absent' });
      const user = { address: known, aliases: [], senders: [], mailbox: mailboxes[known] };
      return Promise.resolve({ kind: 'user', user });
    },
  };
}

interface Ground {
  readonly base: string;
  readonly deliver: (message: MessageOptions) => Promise<readonly ShownResult[]>;
  /** The messages of a mailbox, as they are in `new`. */
  readonly messages: (path: string) => string[];
}

async function ground(t: TestContext, mailboxes = own, change: Partial<MailboxWay> = {}): Promise<Ground> {
  const base = folderFor(t);
  const way: MailboxWay = { ...mailboxDefaults, path: join(base, '${domain}/${user}'), ...change };
  const made = await fixture(t, new Map(), undefined, usersOf(mailboxes));
  const messages = (path: string): string[] => {
    const folder = join(base, path, 'new');
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  };
  return { base, deliver: (message) => deliver(made, way, message), messages };
}

function told(results: readonly ShownResult[]): readonly (string | undefined)[] {
  return results.map(({ result, error }) => error ?? result);
}

test('each recipient gets a message of its own, with LF lines, Return-Path and Delivered-To', async (t) => {
  const { base, deliver: send, messages } = await ground(t);
  const results = await send({ to: ['joe@a.test', 'Sue@a.test'], content: 'Subject: x\r\n\r\nHello\r\n' });
  assert.deepEqual(told(results), ['delivered', 'delivered']);
  const rest = 'Subject: x\n\nHello\n';
  assert.deepEqual(messages('a.test/joe'), [`Return-Path: <a@from.test>\nDelivered-To: joe@a.test\n${rest}`]);
  assert.deepEqual(messages('a.test/sue'), [`Return-Path: <a@from.test>\nDelivered-To: Sue@a.test\n${rest}`]);
  const [name = ''] = readdirSync(join(base, 'a.test/joe/new'));
  const { size, mode } = statSync(join(base, 'a.test/joe/new', name));
  assert.equal(mode & 0o777, 0o600);
  assert.match(name, new RegExp(`^\\d+\\.M\\d+P\\d+R[0-9a-f]+Q\\d+\\.[^,]+,S=${size},W=${size + 5}$`));
  assert.deepEqual(readdirSync(join(base, 'a.test/joe')).sort(), ['cur', 'new', 'tmp']);
  assert.deepEqual(readdirSync(join(base, 'a.test/joe/tmp')), []);
  assert.equal(statSync(join(base, 'a.test/joe')).mode & 0o777, 0o700);
});

test('an alias and an address with an extension are those of their user', async (t) => {
  const { deliver: send, messages } = await ground(t);
  await send({ to: ['joseph@a.test', 'joe+lists@a.test', '"joe"@a.test'] });
  assert.equal(messages('a.test/joe').length, 3);
  await send({ to: ['joe+own@a.test'] });
  assert.equal(messages('a.test/joe+own').length, 1, 'a user of this whole name comes first');
});

test('without separators, an extension is part of the name', async (t) => {
  const { deliver: send } = await ground(t, own, { separators: '' });
  assert.deepEqual(told(await send({ to: ['joe+lists@a.test'] })), [
    '550 5.1.1 there is no such mailbox here',
  ]);
});

test('who is unknown is returned, about whom nobody can tell waits, and the others get their mail', async (t) => {
  const { deliver: send, messages } = await ground(t);
  const results = await send({ to: ['nobody@a.test', 'failing@a.test', 'joe@a.test'] });
  assert.deepEqual(told(results), [
    '550 5.1.1 there is no such mailbox here',
    '451 4.3.0 it cannot be told who has this mailbox: it is away',
    'delivered',
  ]);
  assert.equal(messages('a.test/joe').length, 1);
});

test('a mailbox that the directory names is that of the user', async (t) => {
  const folder = folderFor(t);
  const { deliver: send } = await ground(t, { 'far@a.test': `maildir:${folder}/Maildir` });
  assert.deepEqual(told(await send({ to: ['far@a.test'] })), ['delivered']);
  assert.equal(readdirSync(join(folder, 'Maildir/new')).length, 1);
});

test('what the directory names and is no place for a mailbox makes the mail wait', async (t) => {
  const { deliver: send } = await ground(t, { 'far@a.test': '/var/mail/%d' });
  assert.match(
    String(told(await send({ to: ['far@a.test'] }))[0]),
    /^451 4\.3\.5 the directory names the mailbox/,
  );
});

test('a name that would lead to another folder makes the mail wait', async (t) => {
  const { base, deliver: send } = await ground(t);
  assert.deepEqual(told(await send({ to: ['"a/b"@a.test'] })), ['451 4.3.5 the name of the user has a "/"']);
  assert.deepEqual(readdirSync(base), []);
});

test('mail that was delivered to the recipient before is told of as a loop', async (t) => {
  const { deliver: send, messages } = await ground(t);
  const content = 'Delivered-To: JOE@a.test\r\nSubject: x\r\n\r\n';
  assert.deepEqual(told(await send({ to: ['joe@a.test', 'sue@a.test'], content })), [
    '550 5.4.6 mail loop: the message was delivered to joe@a.test before',
    'delivered',
  ]);
  assert.equal(messages('a.test/sue').length, 1);
});

test('without the folder above all mailboxes, which may be a disk that is not mounted, mail waits', async (t) => {
  const { base, deliver: send } = await ground(t);
  rmSync(base, { recursive: true });
  assert.deepEqual(told(await send({ to: ['joe@a.test'] })), [
    `451 4.3.0 the mailbox of joe@a.test: there is no folder ${base}: make it, or mount it`,
  ]);
});

test('a mailbox that was removed is made anew', async (t) => {
  const { base, deliver: send, messages } = await ground(t);
  await send({ to: ['joe@a.test'] });
  rmSync(join(base, 'a.test'), { recursive: true });
  assert.deepEqual(told(await send({ to: ['joe@a.test'] })), ['delivered']);
  assert.equal(messages('a.test/joe').length, 1);
});

for (const part of ['tmp', 'new', 'cur'])
  test(`a symbolic link in the place of ${part} is not followed`, async (t) => {
    const { base, deliver: send } = await ground(t);
    const mailbox = join(base, 'a.test/joe');
    const other = folderFor(t);
    mkdirSync(mailbox, { recursive: true });
    symlinkSync(other, join(mailbox, part));
    assert.match(
      String(told(await send({ to: ['joe@a.test'] }))[0]),
      /^451 4\.3\.0 .* is no folder, or a symbolic link/,
    );
    assert.deepEqual(readdirSync(other), []);
  });

test('a link that takes the place of new after the first delivery gets no mail', async (t) => {
  const { base, deliver: send } = await ground(t);
  await send({ to: ['joe@a.test'] });
  const other = folderFor(t);
  rmSync(join(base, 'a.test/joe/new'), { recursive: true });
  symlinkSync(other, join(base, 'a.test/joe/new'));
  assert.match(String(told(await send({ to: ['joe@a.test'] }))[0]), /^451 /);
  assert.deepEqual(readdirSync(other), []);
});

test('a link of the administrator above a mailbox is followed', async (t) => {
  const { base, deliver: send } = await ground(t);
  const disk = folderFor(t);
  symlinkSync(disk, join(base, 'a.test'));
  assert.deepEqual(told(await send({ to: ['joe@a.test'] })), ['delivered']);
  assert.equal(readdirSync(join(disk, 'joe/new')).length, 1);
});

test(
  'a folder without rights makes the mail wait',
  { skip: process.getuid?.() === 0 && 'root may write anywhere' },
  async (t) => {
    const { base, deliver: send } = await ground(t);
    chmodSync(base, 0o500);
    t.after(() => chmodSync(base, 0o700));
    assert.match(String(told(await send({ to: ['joe@a.test'] }))[0]), /^451 4\.3\.0 .*EACCES/);
  },
);

test('files in tmp that are older than 36 hours are removed, and no others', async (t) => {
  const { base, deliver: send } = await ground(t);
  const tmp = join(base, 'a.test/joe/tmp');
  mkdirSync(tmp, { recursive: true });
  for (const name of ['old', 'young']) writeFileSync(join(tmp, name), '');
  const old = Date.now() / 1000 - 37 * 3600;
  utimesSync(join(tmp, 'old'), old, old);
  await send({ to: ['joe@a.test'] });
  assert.deepEqual(readdirSync(tmp), ['young']);
});

test('a large message is streamed into each mailbox', async (t) => {
  const { deliver: send, messages } = await ground(t);
  const line = `${'x'.repeat(98)}\r\n`;
  const pieces = async function* () {
    yield await Promise.resolve(Buffer.from('Subject: x\r\n\r'));
    yield Buffer.from('\n');
    for (let i = 0; i < 1000; i++) yield Buffer.from(line);
  };
  assert.deepEqual(told(await send({ to: ['joe@a.test', 'sue@a.test'], pieces })), [
    'delivered',
    'delivered',
  ]);
  for (const [who, address] of [
    ['a.test/joe', 'joe@a.test'],
    ['a.test/sue', 'sue@a.test'],
  ] as const)
    assert.deepEqual(messages(who), [
      `Return-Path: <a@from.test>\nDelivered-To: ${address}\nSubject: x\n\n${line.replace('\r', '').repeat(1000)}`,
    ]);
});
