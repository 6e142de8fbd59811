// Which crashes are kept.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { crashName, pruneCrashes, readCrashes, writeRecord } from '../../src/crash/crash-folder.ts';
import type { CrashRecord } from '../../src/crash/crash-record.ts';

const day = 86_400_000;
const nowMs = Date.parse('2026-03-20T12:00:00.000Z');

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'crashes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function crashAgo(folder: string, agoMs: number, coreBytes?: number): string {
  const record: CrashRecord = {
    version: 1,
    process: 'sender',
    index: 0,
    pid: 17,
    endedAt: new Date(nowMs - agoMs).toISOString(),
    kind: 'signal',
    signal: 'SIGSEGV',
    words: 'It ended.',
    inHand: [],
    steps: [],
    setAside: [],
  };
  const name = crashName(record);
  writeRecord(folder, name, record);
  if (coreBytes !== undefined) writeFileSync(join(folder, `${name}.core`), Buffer.alloc(coreBytes));
  return name;
}

const keeping = { keep: 20, maxAge: 30 * day, maxSize: 1e9 };

test('crashes are read the newest first; other files and damaged records are left out', (t) => {
  const folder = folderOf(t);
  const old = crashAgo(folder, 2 * day);
  const recent = crashAgo(folder, day);
  writeFileSync(join(folder, 'note.txt'), 'mine');
  writeFileSync(join(folder, '20260319T120000000Z-sender-18.json'), '{"version":');
  writeFileSync(join(folder, '20260319T120000000Z-sender-19.json'), '{"version":1}');
  assert.deepEqual(
    readCrashes(folder).map(({ name }) => name),
    [recent, old],
  );
});

test('a folder that is not there has no crashes', (t) => {
  assert.deepEqual(readCrashes(join(folderOf(t), 'none')), []);
});

test('the oldest make room by number and by age, and files of others stay', (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 'note.txt'), 'mine');
  crashAgo(folder, 31 * day);
  const names = [4, 3, 2, 1].map((days) => crashAgo(folder, days * day));
  pruneCrashes(folder, { ...keeping, keep: 3 }, nowMs);
  assert.deepEqual(
    readCrashes(folder).map(({ name }) => name),
    names.slice(1).reverse(),
  );
  assert.ok(readdirSync(folder).includes('note.txt'));
});

test('cores make room by size before their records, the oldest first', (t) => {
  const folder = folderOf(t);
  const old = crashAgo(folder, 2 * day, 600_000);
  const recent = crashAgo(folder, day, 600_000);
  pruneCrashes(folder, { ...keeping, maxSize: 1_000_000 }, nowMs);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.core')),
    [`${recent}.core`],
  );
  assert.ok(readdirSync(folder).includes(`${old}.json`));
});

test('a core counts for the room that it takes, which may be less than its size', (t) => {
  const folder = folderOf(t);
  const name = crashAgo(folder, day, 4096);
  truncateSync(join(folder, `${name}.core`), 5_000_000_000);
  pruneCrashes(folder, { ...keeping, maxSize: 1_000_000 }, nowMs);
  assert.ok(readdirSync(folder).includes(`${name}.core`));
});

test('of the newest crash a core that is too large goes, and the record stays', (t) => {
  const folder = folderOf(t);
  const name = crashAgo(folder, 40 * day, 2_000_000);
  pruneCrashes(folder, { ...keeping, maxSize: 1_000_000 }, nowMs);
  assert.deepEqual(readdirSync(folder), [`${name}.json`]);
});
