// Which crashes are kept.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCrashFolder, newFolderOf } from '../../src/crash/crash-folder.ts';
import { readCrashes } from '../../src/crash/read-crashes.ts';
import { pruneCrashes } from '../../src/crash/prune-crashes.ts';
import { crashAgo, day, folderOf, nowMs } from './kept-crashes.ts';

const keeping = { keep: 20, maxAge: 30 * day, maxSize: 1e9 };

test('the oldest make room by number and by age, and files of others stay', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'note.txt'), 'mine');
  crashAgo(folder, 31 * day);
  const names = [4, 3, 2, 1].map((days) => crashAgo(folder, days * day));
  await pruneCrashes(folder, { ...keeping, keep: 3 }, nowMs);
  assert.deepEqual(
    readCrashes(folder).map(({ name }) => name),
    names.slice(1).reverse(),
  );
  assert.ok(readdirSync(folder).includes('note.txt'));
});

test('cores make room by size before their records, the oldest first', async (t) => {
  const folder = folderOf(t);
  const old = crashAgo(folder, 2 * day, 600_000);
  const recent = crashAgo(folder, day, 600_000);
  await pruneCrashes(folder, { ...keeping, maxSize: 1_000_000 }, nowMs);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.core')),
    [`${recent}.core`],
  );
  assert.ok(readdirSync(folder).includes(`${old}.json`));
});

test('a core counts for the room that it takes, which may be less than its size', async (t) => {
  const folder = folderOf(t);
  const name = crashAgo(folder, day, 4096);
  truncateSync(join(folder, `${name}.core`), 5_000_000_000);
  await pruneCrashes(folder, { ...keeping, maxSize: 1_000_000 }, nowMs);
  assert.ok(readdirSync(folder).includes(`${name}.core`));
});

test('of the newest crash a core that is too large goes, and the record stays', async (t) => {
  const folder = folderOf(t);
  const name = crashAgo(folder, 40 * day, 2_000_000);
  await pruneCrashes(folder, { ...keeping, maxSize: 1_000_000 }, nowMs);
  assert.deepEqual(readdirSync(folder), [`${name}.json`]);
});

test('what lies in the folders of the roles makes room by age and by the size of all of it', async (t) => {
  const folder = folderOf(t);
  makeCrashFolder(folder, ['receiver', 'sender']);
  const left = (role: 'receiver' | 'sender', name: string, agoMs: number, bytes: number): void => {
    const path = join(newFolderOf(folder, role), name);
    writeFileSync(path, Buffer.alloc(bytes));
    const date = new Date(nowMs - agoMs);
    utimesSync(path, date, date);
  };
  left('receiver', 'core.11', 31 * day, 4096);
  left('receiver', 'core.12', 3 * day, 600_000);
  left('receiver', 'core.13', 2 * day, 300_000);
  left('sender', 'report-14.json', day, 600_000);
  await pruneCrashes(folder, { ...keeping, maxSize: 1_000_000 }, nowMs);
  assert.deepEqual(readdirSync(newFolderOf(folder, 'receiver')), ['core.13']);
  assert.deepEqual(readdirSync(newFolderOf(folder, 'sender')), ['report-14.json']);
});

test('in the folders of the roles, no link is followed and no folder is removed', async (t) => {
  const folder = folderOf(t);
  makeCrashFolder(folder, ['receiver']);
  const of = newFolderOf(folder, 'receiver');
  writeFileSync(join(folder, 'other'), 'of somebody else');
  symlinkSync(join(folder, 'other'), join(of, 'core.11'));
  mkdirSync(join(of, 'core.12'));
  await pruneCrashes(folder, { ...keeping, maxAge: 1, maxSize: 1 }, Date.now() + day);
  assert.deepEqual(readdirSync(folder).sort(), ['new-receiver', 'other']);
  assert.deepEqual(readdirSync(of).sort(), ['core.11', 'core.12']);
});
