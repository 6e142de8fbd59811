// Which files are read at once, and when the threads for files read instead.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { isOnLocalDisk, QuickReads } from '../../src/pop3/quick-reads.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

suite('small messages are read at once', () => {
  test('where the file is as long as its name tells', (t) => {
    const { path } = temporaryFolder(t, 'quick');
    const file = join(path, 'message');
    writeFileSync(file, 'Subject: one\n');
    const reads = new QuickReads();
    assert.equal(textOf(reads.read(file, 13)), 'Subject: one\n');
    for (const wrong of [0, 12, 14, -1]) assert.equal(reads.read(file, wrong), undefined);
    assert.equal(reads.read(join(path, 'none'), 13), undefined);
  });

  test('and not large ones', (t) => {
    const { path } = temporaryFolder(t, 'quick');
    const [fits, large] = [join(path, 'fits'), join(path, 'large')];
    writeFileSync(fits, 'x'.repeat(32 * 1024));
    writeFileSync(large, 'x'.repeat(32 * 1024 + 1));
    const reads = new QuickReads();
    assert.equal(reads.read(fits, 32 * 1024)?.length, 32 * 1024);
    assert.equal(reads.read(large, 32 * 1024 + 1), undefined);
  });

  test('never through a symbolic link, from a folder, or from a FIFO, which nothing waits for', (t) => {
    const { path } = temporaryFolder(t, 'quick');
    writeFileSync(join(path, 'message'), 'text');
    symlinkSync(join(path, 'message'), join(path, 'link'));
    mkdirSync(join(path, 'folder'));
    execFileSync('mkfifo', [join(path, 'fifo')]);
    const reads = new QuickReads();
    for (const name of ['link', 'folder', 'fifo']) assert.equal(reads.read(join(path, name), 4), undefined);
  });

  test('after one that took long, not for a second', (t) => {
    const { path } = temporaryFolder(t, 'quick');
    const file = join(path, 'message');
    writeFileSync(file, 'text');
    let [nowMs, tookMs] = [0, 3];
    // The clock is read before and after each file.
    const reads = new QuickReads(() => (nowMs += tookMs));
    assert.equal(textOf(reads.read(file, 4)), 'text');
    tookMs = 0;
    assert.equal(reads.read(file, 4), undefined);
    nowMs += 999;
    assert.equal(reads.read(file, 4), undefined);
    nowMs++;
    assert.equal(textOf(reads.read(file, 4)), 'text');
    assert.equal(textOf(reads.read(file, 4)), 'text');
  });
});

test('file systems of a network, and those of the kernel, are not local', async (t) => {
  assert.equal(await isOnLocalDisk('/proc'), false);
  // Where tests run is a disk, or memory.
  assert.equal(await isOnLocalDisk(temporaryFolder(t, 'quick').path), true);
});
