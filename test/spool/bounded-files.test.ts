// A disk that hangs keeps threads of this process, but only its share: files of other disks are written on.

import assert from 'node:assert/strict';
import { constants, closeSync, open as openFile, openSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import { boundedFiles, threadShare } from '../../src/spool/bounded-files.ts';
import { readWhole } from '../../src/spool/file-io.ts';
import { nodeFiles, type FileLayer } from '../../src/spool/file-layer.ts';
import { fileThreadsOf } from '../../src/process/supervise/fork-role.ts';
import { openReaders, openStores, openWriters } from '../../src/spool/open.ts';
import type { Appended, NewMessage, SpoolWriter } from '../../src/spool/types.ts';
import { storeAccess } from '../../src/spool/store-access.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import { contentFor, envelopeFor, temporaryDirectory } from './support.ts';

/** Files of which every sync hangs in the system, and keeps a thread, until `release`. */
async function hangingFiles(context: TestContext): Promise<{ files: FileLayer; release: () => void }> {
  const fifo = join(await temporaryDirectory(context), 'fifo');
  execFileSync('mkfifo', [fifo]);
  // Opening a FIFO for reading waits for a writer.
  const hang = (done: () => void): void => {
    openFile(fifo, 'r', (error, fd) => {
      if (error === null) closeSync(fd);
      done();
    });
  };
  const files: FileLayer = {
    ...nodeFiles,
    fdatasync: (fd, done) => hang(() => nodeFiles.fdatasync(fd, done)),
  };
  return {
    files,
    release: () => {
      const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
      context.after(() => closeSync(fd));
    },
  };
}

test('each store has a share of the threads, and all together leave one', () => {
  assert.equal(threadShare(1, 4), 3);
  assert.equal(threadShare(2, 4), 1);
  assert.equal(threadShare(3, 16), 3);
  assert.equal(threadShare(3, 7), 2);
  assert.equal(threadShare(9, 4), 1);
});

test('while one disk hangs in every sync, mail is stored and read on the other', async (t) => {
  const hanging = await hangingFiles(t);
  const directory = await temporaryDirectory(t);
  const other = await temporaryDirectory(t);
  const writerOptions = { slot: 2, segmentBytes: 1 << 20, reserveBytes: 0, sync: 'fdatasync' } as const;
  // Both stores are there before one begins to hang.
  for (const writer of [directory, other].map((each) => storeAccess([{ directory: each }], nodeTimers))) {
    const [one] = await openWriters(writer, writerOptions);
    await one?.close();
  }
  const access = storeAccess([{ directory, files: hanging.files }, { directory: other }], nodeTimers);
  const [stuck, well] = await openWriters(access, writerOptions);
  assert.ok(stuck && well);
  const opened = (writer: SpoolWriter): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => (writer.failure === undefined ? resolve() : void setImmediate(look));
      look();
    });
  await Promise.all([opened(stuck), opened(well)]);
  const message = (writer: SpoolWriter): NewMessage => ({
    envelope: envelopeFor(writer.newQueueId()),
    content: [contentFor(1, 500)],
  });
  let hasEnded = false;
  // More than this process has threads: large messages sync files of their own.
  const waiting = Array.from({ length: 8 }, async () => {
    const { envelope } = message(stuck);
    const large = await stuck.openLarge(envelope.queueId);
    await large.write(contentFor(1, 500));
    await large.commit(envelope);
    hasEnded = true;
  });
  const reader = openReaders(access);
  for (let count = 0; count < 20; count++) {
    const appended: Appended = await well.append(message(well));
    const { ref } = appended;
    assert.equal(ref.store, 1);
    assert.equal((await reader.read(ref)).sizeBytes, 500);
  }
  assert.equal(hasEnded, false, 'the other disk hangs still');
  hanging.release();
  await Promise.all(waiting);
  await Promise.all([stuck.close(), well.close()]);
  reader.close();
});

test('reads of a disk that hangs fail after a while, and writes wait until it answers', async () => {
  const timers = new VirtualTimers();
  const stalls: boolean[] = [];
  let answer: () => void = () => undefined;
  const files: FileLayer = {
    ...nodeFiles,
    fdatasync: (_, done) => {
      answer = () => done(null);
    },
    readdir: () => Promise.resolve(['a']),
    close: () => Promise.resolve(),
    readSync: () => 7,
  };
  const onStall = (isStalled: boolean): void => void stalls.push(isStalled);
  const bounded = boundedFiles(files, { threads: 1, timers, stallMs: 1_000, onStall });
  let isSynced = false;
  bounded.fdatasync(1, () => {
    isSynced = true;
  });
  const listed = assert.rejects(bounded.readdir('x'), { code: 'EAGAIN' });
  const closed = bounded.close(1);
  assert.equal(bounded.readSync(1, Buffer.alloc(1), 0, 1, 0), 7);
  await timers.pass(999);
  assert.deepEqual(stalls, []);
  await timers.pass(1);
  assert.deepEqual(stalls, [true]);
  await listed;
  await closed;
  assert.throws(() => bounded.readSync(1, Buffer.alloc(1), 0, 1, 0), { code: 'EAGAIN' });
  assert.equal(isSynced, false);
  answer();
  assert.equal(isSynced, true);
  assert.deepEqual(stalls, [true, false]);
  assert.deepEqual(await bounded.readdir('x'), ['a']);
  await assert.rejects(readWhole(bounded, '/nonexistent'), { code: 'ENOENT' });
});

test('a store that cannot be read at the start leaves the other one alone', async (t) => {
  const timers = nodeTimers;
  const directory = await temporaryDirectory(t);
  const other = await temporaryDirectory(t);
  const writerOptions = { slot: 2, segmentBytes: 1 << 20, reserveBytes: 0, sync: 'fdatasync' } as const;
  const [writer] = await openWriters(storeAccess([{ directory: other }], timers), writerOptions);
  const envelope = envelopeFor(writer!.newQueueId());
  await writer!.append({ envelope, content: [contentFor(1, 500)] });
  await writer!.close();
  const broken: FileLayer = {
    ...nodeFiles,
    open: () => Promise.reject(Object.assign(new Error('EIO: simulated'), { code: 'EIO' })),
  };
  const blocked: [number, string | undefined][] = [];
  const access = storeAccess([{ directory, files: broken }, { directory: other }], timers);
  const store = await openStores(
    access,
    { slot: 1, journalSyncMs: 100, segmentBytes: 1 << 20, relocateAfterMs: 1_000_000 },
    {
      onProblem: () => undefined,
      onStray: () => undefined,
      onDamaged: () => undefined,
      onBlocked: (reason, number) => blocked.push([number, reason?.code]),
    },
  );
  const found: string[] = [];
  for await (const message of store.recover()) found.push(`${message.ref.store} ${message.queueId}`);
  assert.deepEqual(found, [`1 ${envelope.queueId}`]);
  assert.deepEqual(blocked, [[0, 'SPOOL_UNREADABLE']]);
  store.settle([{ kind: 'delivered', queueId: envelope.queueId, recipient: 0 }]);
  await store.flush();
  assert.equal(store.usage().liveMessages, 0);
  await store.maintain(Date.now());
  await store.close();
});

test('each process has a share for each store, and a thread beside them, however many stores there are', () => {
  for (const role of ['receiver', 'manager', 'sender', 'control'] as const)
    for (const stores of [2, 5, 20, 256]) {
      const threads = fileThreadsOf(role, stores) ?? 0;
      assert.equal(threadShare(stores, threads), 3);
      assert.ok(threads - 3 * stores >= 4, `${role} with ${stores} stores has ${threads} threads`);
      assert.ok(threads <= 1024);
    }
  assert.equal(fileThreadsOf('receiver', 1), undefined);
});
