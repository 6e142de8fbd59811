// Which crashes are found in their folder.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crashedProcesses } from '../../src/crash/crash-record.ts';
import { readCrashes } from '../../src/crash/read-crashes.ts';
import { crashAgo, day, folderOf } from './kept-crashes.ts';

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

test('crashes of every kind of process are found', (t) => {
  const folder = folderOf(t);
  for (const of of crashedProcesses) crashAgo(folder, day, undefined, of);
  assert.deepEqual(
    new Set(readCrashes(folder).map(({ record }) => record.process)),
    new Set(crashedProcesses),
  );
});

test('a folder that is not there has no crashes', (t) => {
  assert.deepEqual(readCrashes(join(folderOf(t), 'none')), []);
});
