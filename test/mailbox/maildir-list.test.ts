// The messages of a Maildir, as its names tell them.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listMaildir } from '../../src/mailbox/maildir/list.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('messages of new and cur are listed with their sizes and flags, and nothing else', async (t) => {
  const { path } = temporaryFolder(t, 'maildir');
  for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(path, part));
  for (const name of ['tmp/t', 'new/a,S=3,W=4', 'cur/b,S=5:2,S', 'cur/.hidden', 'cur/c:2,'])
    writeFileSync(join(path, name), 'xyz');
  const found = await listMaildir(path);
  assert.deepEqual(
    found.map(({ part, unique, sizeBytes, flags }) => [part, unique, sizeBytes, flags]).sort(),
    [
      ['cur', 'b,S=5', 5, 'S'],
      ['cur', 'c', undefined, ''],
      ['new', 'a,S=3,W=4', 3, ''],
    ],
  );
});

test('a folder that is no Maildir is an error', async (t) => {
  const { path } = temporaryFolder(t, 'maildir');
  await assert.rejects(listMaildir(path), { code: 'ENOENT' });
});
