// After a failed write or sync, the waiting sessions get an error, the file is never used again, and refused messages do
// not come back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import type { FileLayer } from '../../../src/spool/file-layer.ts';
import { inspectSpool, openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import type { SpoolStore } from '../../../src/spool/types.ts';
import { contentFor, envelopeFor, writerDefaults } from '../support.ts';
import { saidForm } from '../../refusals.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';

const directory = '/var/spool/sluice';
const eio = (): NodeJS.ErrnoException => Object.assign(new Error('EIO: simulated'), { code: 'EIO' });

/** Can let the next call of a kind fail, and records calls on a file after it has failed. */
function failingFiles(files: FileLayer): {
  files: FileLayer;
  failNext: (call: string) => void;
  reused: string[];
} {
  let fails = '';
  const failed = new Set<number>();
  const reused: string[] = [];
  const note = (call: string, fd: number): boolean => {
    if (failed.has(fd)) reused.push(call);
    if (fails !== call) return false;
    fails = '';
    failed.add(fd);
    return true;
  };
  return {
    reused,
    failNext: (call) => {
      fails = call;
    },
    files: {
      ...files,
      open: async (path, flags) => {
        const fd = await files.open(path, flags);
        failed.delete(fd);
        return fd;
      },
      writev: (fd, buffers, position, done) => {
        // The bytes are written although the call fails.
        if (note('writev', fd)) files.writev(fd, buffers, position, () => done(eio(), 0));
        else files.writev(fd, buffers, position, done);
      },
      fdatasync: (fd, done) => {
        if (note('fdatasync', fd)) done(eio());
        else files.fdatasync(fd, done);
      },
    },
  };
}

async function storeWithMail(files: FileLayer, count: number): Promise<{ store: SpoolStore; ids: string[] }> {
  const writer = await openSpoolWriter({ ...writerDefaults, directory, files });
  const store = await openSpoolStore({
    directory,
    slot: 0,
    journalSyncMs: 1_000_000,
    journalBytes: 1,
    journalRoomBytes: 4096,
    segmentBytes: 10_000,
    relocateAfterMs: 1000,
    files,
  });
  for await (const { queueId } of store.recover()) assert.fail(queueId);
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const queueId = writer.newQueueId();
    const { ref } = await writer.append({
      envelope: envelopeFor(queueId),
      content: [contentFor(index, 100)],
    });
    store.submitted(queueId, ref, 1);
    ids.push(queueId);
  }
  return { store, ids };
}

async function waitingIn(files: FileLayer): Promise<string[]> {
  const found: string[] = [];
  for await (const finding of inspectSpool(directory, { files })) {
    assert.equal(finding.kind, 'message');
    if (finding.kind === 'message') found.push(finding.message.queueId);
  }
  return found;
}

async function attemptsOf(files: FileLayer, queueId: string): Promise<number | undefined> {
  for await (const finding of inspectSpool(directory, { files })) {
    if (finding.kind === 'message' && finding.message.queueId === queueId) {
      return finding.message.waiting[0]?.attempts;
    }
  }
  return undefined;
}

for (const call of ['writev', 'fdatasync']) {
  test(`when ${call} fails, its whole group is refused, and later messages go to a new segment`, async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const { files, failNext, reused } = failingFiles(disk.process().files);
    const writer = await openSpoolWriter({ ...writerDefaults, directory, files });
    const append = (queueId: string) =>
      writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 700)] });
    const first = writer.newQueueId();
    const { ref } = await append(first);
    failNext(call);
    const refused = [writer.newQueueId(), writer.newQueueId(), writer.newQueueId()];
    const results = await Promise.allSettled(refused.map(append));
    for (const result of results) {
      assert.equal(result.status, 'rejected');
      if (result.status === 'rejected') assert.equal(result.reason.code, 'SPOOL_WRITE_FAILED');
    }
    const last = writer.newQueueId();
    const later = await append(last);
    assert.notEqual(segmentPlace(later.ref).segment, segmentPlace(ref).segment);
    await writer.close();
    assert.deepEqual(reused, []);
    assert.deepEqual(await waitingIn(files), [first, last]);
    // They do not come back after a power cut, either.
    const after = disk.restarted({ seed: 2 });
    assert.deepEqual(await waitingIn(after.process().files), [first, last]);
  });

  test(`when ${call} of the journal fails, flush rejects, and the next flush stores all outcomes in a new file`, async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const { files, failNext, reused } = failingFiles(disk.process().files);
    const { store, ids } = await storeWithMail(files, 4);
    const settle = (index: number): void =>
      store.settle([{ kind: 'delivered', queueId: ids[index] ?? '', recipient: 0 }]);
    settle(0);
    await store.flush();
    settle(1);
    failNext(call);
    await assert.rejects(store.flush(), { code: 'SPOOL_WRITE_FAILED' });
    settle(2);
    await store.flush();
    assert.deepEqual(reused, []);
    const after = disk.restarted({ seed: 3 });
    assert.deepEqual(await waitingIn(after.process().files), [ids[3]]);
  });
}

/** Number of attempts of the last message after a power cut right after `flush`. */
async function attemptsAfterFailedMove(seed: number): Promise<number | undefined> {
  const disk = new SimulatedDisk({ seed });
  const { files, failNext } = failingFiles(disk.process().files);
  let afterCreation = (): void => undefined;
  let duringWrite = (): void => undefined;
  const { store, ids } = await storeWithMail(
    {
      ...files,
      syncDirectory: async (path) => {
        await files.syncDirectory(path);
        // The new file exists; next, the old file gets its last entries.
        if (path.endsWith('journal')) afterCreation();
      },
      writev: (fd, buffers, position, done) => {
        files.writev(fd, buffers, position, done);
        duringWrite();
      },
    },
    200,
  );
  // The texts are long, so that a snapshot has several pieces.
  const settle = (queueId: string, attempts: number): void => {
    const refusal = saidForm(`451 ${queueId} ${attempts} ${'x'.repeat(900)}`);
    store.settle([{ kind: 'deferred', queueId, recipient: 0, attempts, nextAttemptAtMs: 5, refusal }]);
  };
  for (const queueId of ids) settle(queueId, 1);
  await store.flush();
  const last = ids.at(-1) ?? '';
  const attempts = new Promise<number | undefined>((resolve, reject) => {
    afterCreation = () => {
      afterCreation = () => undefined;
      settle(last, 2);
      failNext('writev');
      duringWrite = () => {
        duringWrite = () => undefined;
        const flushed = store.flush();
        flushed.then(() => attemptsOf(disk.restarted({ seed }).process().files, last)).then(resolve, reject);
      };
    };
  });
  // It never ends, because the power is cut.
  void store.maintain(0);
  return attempts;
}

test('when a compaction leaves a file that failed to take its last entries, flush waits until the new file has them', async () => {
  for (let seed = 1; seed <= 10; seed++) assert.equal(await attemptsAfterFailedMove(seed), 2);
});

test('a refused message does not come back when a power cut leaves its segment without the index', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = new SimulatedDisk({ seed });
    const { files, failNext } = failingFiles(disk.process().files);
    const writer = await openSpoolWriter({ ...writerDefaults, directory, files });
    const append = (queueId: string) =>
      writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 700)] });
    const first = writer.newQueueId();
    await append(first);
    failNext('fdatasync');
    await assert.rejects(append(writer.newQueueId()), { code: 'SPOOL_WRITE_FAILED' });
    await writer.close();
    // The state after a removal of which a power cut has undone one half.
    const segments = `${directory}/segments`;
    for (const name of await files.readdir(segments)) {
      if (name.endsWith('.index')) await files.unlink(`${segments}/${name}`);
    }
    await files.syncDirectory(segments);
    assert.deepEqual(await waitingIn(disk.restarted({ seed }).process().files), [first]);
  }
});

test('the error of a recovery on a failing disk says what was being done', async () => {
  const { files } = new SimulatedDisk({ seed: 1 }).process();
  const { store, ids } = await storeWithMail(files, 1);
  await store.close();
  assert.equal(ids.length, 1);
  const failing: FileLayer = {
    ...files,
    syncDirectory: (path) => (path.endsWith('segments') ? Promise.reject(eio()) : files.syncDirectory(path)),
  };
  const again = await openSpoolStore({
    directory,
    slot: 0,
    journalSyncMs: 1_000_000,
    segmentBytes: 10_000,
    relocateAfterMs: 1000,
    files: failing,
  });
  await assert.rejects(async () => void (await Array.fromAsync(again.recover())), {
    code: 'SPOOL_WRITE_FAILED',
    message: /^syncing the folder .*segments: EIO/u,
  });
});
