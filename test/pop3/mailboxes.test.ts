// Maildirs as POP3 sessions have them: order, names, sizes, what other programs do meanwhile, and one session at a time.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { Mailboxes } from '../../src/pop3/mailboxes.ts';
import type { OpenMailbox } from '../../src/pop3/open-mailbox.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** Where the system has no names for open folders, only what was looked at is used. */
const withoutOpenFiles = existsSync('/proc/self/fd') ? false : 'the system has no /proc/self/fd';

const lockName = 'sluice-pop3.lock';

/** A Maildir with these messages, by `new/NAME` or `cur/NAME`. */
function maildir(t: TestContext, messages: Readonly<Record<string, string>> = {}): string {
  const folder = join(temporaryFolder(t, 'maildir').path, 'Maildir');
  for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(folder, part), { recursive: true });
  for (const [name, content] of Object.entries(messages)) writeFileSync(join(folder, name), content);
  return folder;
}

async function opened(folder: string, mailboxes = new Mailboxes()): Promise<OpenMailbox> {
  const answer = await mailboxes.open(folder);
  assert.ok(answer.kind === 'open', JSON.stringify(answer));
  return answer.mailbox;
}

function uidsOf({ index }: OpenMailbox): readonly string[] {
  return Array.from({ length: index.count }, (_, at) => index.uidOf(at + 1));
}

async function contentOf(mailbox: OpenMailbox, number: number): Promise<string | undefined> {
  const file = await mailbox.openMessage(number);
  if (file === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for (let piece = await file.read(); piece !== undefined; piece = await file.read()) pieces.push(piece);
  file.close();
  return Buffer.concat(pieces).toString();
}

suite('a mailbox', () => {
  test('has its messages in the order of the times in their names', async (t) => {
    const folder = maildir(t, {
      'new/200.M5P1.host': '',
      'cur/100.M000009P1.host:2,S': '',
      'cur/100.M000010P1.host': '',
      'cur/odd': '',
      'new/99.x.host': '',
      'new/.hidden': '',
    });
    assert.deepEqual(uidsOf(await opened(folder)), [
      'odd',
      '99.x.host',
      '100.M000009P1.host',
      '100.M000010P1.host',
      '200.M5P1.host',
    ]);
  });

  test('has a UIDL of the characters that POP3 allows, which flags do not change', async (t) => {
    const long = `1.${'x'.repeat(80)}`;
    const folder = maildir(t, { [`new/${long}`]: '', 'cur/2.a b:2,': '', 'cur/3.c:2,RS': '' });
    const first = uidsOf(await opened(folder, new Mailboxes()));
    for (const uid of first) assert.match(uid, /^[\x21-\x7e]{1,70}$/u);
    assert.equal(first[2], '3.c');
    rmSync(join(folder, lockName));
    renameSync(join(folder, 'new', long), join(folder, 'cur', `${long}:2,S`));
    assert.deepEqual(uidsOf(await opened(folder)), first);
  });

  test('knows sizes from names, and measures the others once', async (t) => {
    const folder = maildir(t, {
      'cur/1.a,S=4,W=99:2,': 'a\nb\n',
      'cur/2.b,S=4:2,': 'a\nb\n',
      'cur/3.c,W=x': 'a\r\nb',
    });
    const mailbox = await opened(folder);
    const sizes = (): unknown[] => [1, 2, 3].map((number) => mailbox.index.sizeOf(number));
    assert.deepEqual(sizes(), [99, undefined, undefined]);
    await mailbox.measure(2);
    assert.deepEqual(sizes(), [99, 6, undefined]);
    writeFileSync(join(folder, 'cur/2.b,S=4:2,'), 'longer');
    await mailbox.measure(undefined);
    assert.deepEqual(sizes(), [99, 6, 6]);
  });

  test('finds messages that were moved or got other flags, and says which are gone', async (t) => {
    const folder = maildir(t, { 'new/1.a': 'one', 'cur/2.b:2,': 'two', 'cur/3.c:2,': 'three' });
    const mailbox = await opened(folder);
    renameSync(join(folder, 'new/1.a'), join(folder, 'cur/1.a:2,FS'));
    renameSync(join(folder, 'cur/2.b:2,'), join(folder, 'cur/2.b:2,R'));
    unlinkSync(join(folder, 'cur/3.c:2,'));
    const found = [await contentOf(mailbox, 1), await contentOf(mailbox, 2), await contentOf(mailbox, 3)];
    assert.deepEqual(found, ['one', 'two', undefined]);
    renameSync(join(folder, 'cur/2.b:2,R'), join(folder, 'cur/2.b:2,RT'));
    assert.deepEqual(await mailbox.remove([1, 2, 3]), { removed: 2, bytes: 6, failed: 0, reason: '' });
    assert.deepEqual(readdirSync(join(folder, 'cur')), []);
  });

  for (const part of ['new', 'cur'] as const) {
    test(`is not opened when ${part} is a link to somebody else's mail`, async (t) => {
      const others = maildir(t, { 'new/1.secret': 'of others' });
      const folder = maildir(t);
      rmdirSync(join(folder, part));
      symlinkSync(join(others, 'new'), join(folder, part));
      const answer = await new Mailboxes().open(folder);
      assert.ok(answer.kind === 'failing');
      assert.match(answer.reason, /is no folder/u);
    });

    test(`stays what it was when ${part} becomes a link meanwhile`, { skip: withoutOpenFiles }, async (t) => {
      const others = maildir(t, { 'new/1.a': 'of others', 'new/2.b': 'of others' });
      const folder = maildir(t, { 'new/1.a': 'own', 'cur/2.b': 'own' });
      const mailbox = await opened(folder);
      renameSync(join(folder, part), join(folder, 'aside'));
      symlinkSync(join(others, 'new'), join(folder, part));
      assert.deepEqual([await contentOf(mailbox, 1), await contentOf(mailbox, 2)], ['own', 'own']);
      await mailbox.markSeen([1, 2]);
      const { removed, failed } = await mailbox.remove([1, 2]);
      assert.deepEqual([removed, failed], [2, 0]);
      assert.deepEqual(readdirSync(join(others, 'new')), ['1.a', '2.b']);
      await mailbox.close();
    });
  }

  test('can be used although something is in it that cannot be read', async (t) => {
    const folder = maildir(t, { 'new/1.a': 'x\n', 'new/2.b': '' });
    mkdirSync(join(folder, 'new/3.folder'));
    symlinkSync('/etc/passwd', join(folder, 'new/4.link'));
    const mailbox = await opened(folder);
    await mailbox.measure(undefined);
    assert.deepEqual(
      [1, 2, 3, 4].map((number) => mailbox.index.sizeOf(number)),
      [3, 0, 0, 0],
    );
    await assert.rejects(contentOf(mailbox, 3));
    await assert.rejects(contentOf(mailbox, 4));
  });

  test('marks what was read as seen, among other flags', async (t) => {
    const folder = maildir(t, { 'new/1.a': '', 'cur/2.b:2,FT': '', 'cur/3.c:2,S': '', 'cur/4.d': '' });
    await (await opened(folder)).markSeen([1, 2, 3]);
    assert.deepEqual(readdirSync(join(folder, 'cur')).sort(), ['1.a:2,S', '2.b:2,FST', '3.c:2,S', '4.d']);
  });

  test('tells maildirsize what was removed', async (t) => {
    const folder = maildir(t, { 'new/1.a,S=100': 'x', 'new/2.b': 'four', maildirsize: '1000S\n104 2\n' });
    await (await opened(folder)).remove([1, 2]);
    assert.equal(
      readFileSync(join(folder, 'maildirsize'), 'utf8').replaceAll(/ +/gu, ' ').trim(),
      '1000S\n104 2\n-104 -2',
    );
  });

  test('says how many could not be removed', async (t) => {
    const folder = maildir(t, { 'new/1.a': 'x' });
    mkdirSync(join(folder, 'cur/2.b'));
    const { removed, failed, reason } = await (await opened(folder)).remove([1, 2]);
    assert.deepEqual([removed, failed], [1, 1]);
    assert.match(reason, /EISDIR|EPERM/u);
  });

  test('opens nothing but files', async (t) => {
    const folder = maildir(t);
    mkdirSync(join(folder, 'cur/1.folder'));
    const mailbox = await opened(folder);
    await assert.rejects(mailbox.openMessage(1), { code: 'EINVAL' });
  });

  test('into which nothing was delivered is empty; a folder that is no Maildir is a fault', async (t) => {
    const folder = temporaryFolder(t, 'maildir').path;
    assert.equal((await opened(join(folder, 'nobody'))).index.count, 0);
    const answer = await new Mailboxes().open(folder);
    assert.ok(answer.kind === 'failing' && answer.reason.endsWith('is no Maildir'));
  });
});

suite('one session at a time', () => {
  test('has a mailbox, until it gives it back', async (t) => {
    const folder = maildir(t, { 'new/1.a': '' });
    const mailboxes = new Mailboxes();
    const first = await opened(folder, mailboxes);
    assert.equal((await mailboxes.open(folder)).kind, 'in-use');
    await first.close();
    await mailboxes.closed();
    assert.ok(!readdirSync(folder).includes(lockName));
    await (await opened(folder, mailboxes)).close();
    await mailboxes.closed();
    assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
    assert.equal(mailboxes.messages, 0);
  });

  /** What the file says while this process has the mailbox. */
  async function lockText(
    t: TestContext,
  ): Promise<{ readonly host: string; readonly pid: number; readonly began: string }> {
    const folder = maildir(t);
    const mailbox = await opened(folder);
    const text = readFileSync(join(folder, lockName), 'utf8');
    await mailbox.close();
    return JSON.parse(text) as Awaited<ReturnType<typeof lockText>>;
  }

  test('is kept out by another process that lives, and not by one that has died', async (t) => {
    const { host } = await lockText(t);
    const other = spawn('sleep', ['60']);
    t.after(() => other.kill('SIGKILL'));
    await once(other, 'spawn');
    const began = readFileSync(`/proc/${other.pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[19] ?? '';
    const folder = maildir(t);
    const put = (holder: object): void => writeFileSync(join(folder, lockName), JSON.stringify(holder));
    put({ host, pid: other.pid, began });
    assert.equal((await new Mailboxes().open(folder)).kind, 'in-use');
    // Its number may be that of another process since.
    put({ host, pid: other.pid, began: '1' });
    await (await opened(folder)).close();
    put({ host, pid: other.pid, began });
    other.kill('SIGKILL');
    await once(other, 'exit');
    await (await opened(folder)).close();
  });

  test('is kept out by another host for as long as that one touches the file', async (t) => {
    const folder = maildir(t);
    const path = join(folder, lockName);
    for (const text of [JSON.stringify({ host: 'elsewhere', pid: 1, began: '1' }), 'something else', '']) {
      writeFileSync(path, text);
      assert.equal((await new Mailboxes().open(folder)).kind, 'in-use');
      const long = new Date(Date.now() - 200_000);
      utimesSync(path, long, long);
      const mailboxes = new Mailboxes();
      await (await opened(folder, mailboxes)).close();
      await mailboxes.closed();
    }
    assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
  });

  test('has no more messages open, together with others, than memory allows', async (t) => {
    const mailboxes = new Mailboxes(3);
    const [one, other] = [
      maildir(t, { 'new/1.a': '', 'new/2.b': '' }),
      maildir(t, { 'new/1.a': '', 'new/2.b': '' }),
    ];
    const first = await opened(one, mailboxes);
    assert.equal((await mailboxes.open(other)).kind, 'full');
    await first.close();
    await (await opened(other, mailboxes)).close();
    assert.equal(
      (await opened(maildir(t, { 'new/1': '', 'new/2': '', 'new/3': '', 'new/4': '' }), mailboxes)).index
        .count,
      4,
    );
  });
});
