// How much is in a mailbox: when its `maildirsize` is believed, and when the messages are counted.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addToUsage, countMailbox, recount, usageOf } from '../../src/mailbox/quota/mailbox-usage.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const limits = { bytes: 1000, messages: 10 };
const one = { bytes: 1, messages: 1 };
const nowMs = Date.now();

function mailbox(t: TestContext, files: Readonly<Record<string, string>>): string {
  const { path } = temporaryFolder(t, 'usage');
  for (const folder of ['tmp', 'new', 'cur', '.lists', '.lists/tmp', '.lists/new', '.lists/cur'])
    mkdirSync(join(path, folder));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

const messages = {
  'new/a,S=100,W=110': 'x',
  'cur/b:2,S': 'four',
  'cur/.c': 'hidden',
  '.lists/cur/d,S=50:2,': 'x',
  'tmp/e,S=999': 'x',
};
/** Of those: 100 by its name, 4 by its size, 50 by its name. */
const counted = { bytes: 154, messages: 3 };

test('messages of the mailbox and of its folders are counted, by their names where these have sizes', async (t) => {
  assert.deepEqual(await countMailbox(mailbox(t, messages)), counted);
});

test('a mailbox that is not there is empty, and no file is made for it', async (t) => {
  const path = join(temporaryFolder(t, 'usage').path, 'none');
  const { bytes, messages: number } = await usageOf(path, limits, one, nowMs);
  assert.deepEqual([bytes, number], [0, 0]);
  assert.throws(() => statSync(path));
});

test('without a file, or with one that cannot be read, the messages are counted, and the file is made', async (t) => {
  for (const text of [
    undefined,
    '',
    'damaged\n',
    '1000S,10C\n5 x\n',
    `1000S,10C\n${'1 1\n'.repeat(1300)}`,
    '999S,10C\n5 1\n',
  ]) {
    const path = mailbox(t, { ...messages, ...(text !== undefined && { maildirsize: text }) });
    const { bytes, messages: number } = await usageOf(path, limits, one, nowMs);
    assert.deepEqual({ bytes, messages: number }, counted, JSON.stringify(text?.slice(0, 20)));
    assert.equal(readFileSync(join(path, 'maildirsize'), 'utf8'), '1000S,10C\n154 3\n');
  }
});

test('a file for this quota is believed, and what came is added to it', async (t) => {
  const path = mailbox(t, { ...messages, maildirsize: '1000S,10C\n500 5\n' });
  assert.equal((await usageOf(path, limits, one, nowMs)).bytes, 500);
  await addToUsage(path, { bytes: 20, messages: 1 });
  assert.equal(readFileSync(join(path, 'maildirsize'), 'utf8'), '1000S,10C\n500 5\n20 1\n');
  assert.equal((await usageOf(path, limits, one, nowMs)).bytes, 520);
});

test('that a mailbox is full is believed for 15 minutes, or where nothing was added', async (t) => {
  const old = nowMs / 1000 - 16 * 60;
  const full = '1000S,10C\n900 5\n100 1\n';
  const cases = [
    { text: full, changed: nowMs / 1000, bytes: 1000 },
    { text: full, changed: old, bytes: 154 },
    { text: '1000S,10C\n1000 6\n', changed: old, bytes: 1000 },
    { text: '1000S,10C\n100 5\n100 1\n', changed: old, bytes: 200 },
  ];
  for (const { text, changed, bytes } of cases) {
    const path = mailbox(t, { ...messages, maildirsize: text });
    utimesSync(join(path, 'maildirsize'), changed, changed);
    assert.equal((await usageOf(path, limits, one, nowMs)).bytes, bytes, text);
  }
});

test('something else in the place of the file is replaced, and never followed or waited for', async (t) => {
  const other = join(temporaryFolder(t, 'other').path, 'file');
  writeFileSync(other, '1000S,10C\n1 1\n');
  const linked = mailbox(t, messages);
  symlinkSync(other, join(linked, 'maildirsize'));
  const fifo = mailbox(t, messages);
  execFileSync('mkfifo', [join(fifo, 'maildirsize')]);
  for (const path of [linked, fifo]) {
    await addToUsage(path, { bytes: 1, messages: 1 });
    assert.equal((await usageOf(path, limits, one, nowMs)).bytes, 154);
    assert.ok(statSync(join(path, 'maildirsize')).isFile());
  }
  assert.equal(readFileSync(other, 'utf8'), '1000S,10C\n1 1\n');
});

test('a folder in the place of the file stays, and keeps nothing from being counted', async (t) => {
  const path = mailbox(t, messages);
  mkdirSync(join(path, 'maildirsize'));
  assert.equal(await addToUsage(path, { bytes: 1, messages: 1 }), undefined);
  for (const bytes of [154, 154]) assert.equal((await usageOf(path, limits, one, nowMs)).bytes, bytes);
  assert.deepEqual(readdirSync(join(path, 'tmp')), ['e,S=999']);
});

test('a count leaves nothing in tmp but what was there', async (t) => {
  const path = mailbox(t, messages);
  await recount(path, limits, nowMs);
  assert.deepEqual(execFileSync('ls', [join(path, 'tmp')], { encoding: 'utf8' }), 'e,S=999\n');
});
