// Unix-domain sockets: what is left over is removed, and what somebody uses is not.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { answers, listenUnix } from '../../src/io/unix-listener.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('a socket that somebody listens at is left alone', async (t) => {
  const { path, atEnd } = temporaryFolder(t, 'socket');
  const socket = join(path, 's');
  const theirs = createServer();
  atEnd(() => void theirs.close());
  await listenUnix(theirs, socket, 0o600);
  await assert.rejects(listenUnix(createServer(), socket, 0o600), /another process listens there/);
  assert.equal(await answers(socket), true);
});

test(
  'a socket that may not be connected to is taken for one in use',
  { skip: process.getuid?.() === 0 ? 'root may' : false },
  async (t) => {
    const { path, atEnd } = temporaryFolder(t, 'socket');
    const socket = join(path, 's');
    const theirs = createServer();
    atEnd(() => void theirs.close());
    await listenUnix(theirs, socket, 0o600);
    chmodSync(socket, 0o000);
    await assert.rejects(
      listenUnix(createServer(), socket, 0o600),
      /another process listens there \(EACCES\)/,
    );
    assert.ok(existsSync(socket));
  },
);

test('a file with that name is left alone', async (t) => {
  const { path } = temporaryFolder(t, 'socket');
  writeFileSync(join(path, 's'), 'mine');
  await assert.rejects(listenUnix(createServer(), join(path, 's'), 0o600), /no socket|another process/);
  assert.ok(existsSync(join(path, 's')));
});
