// Room that the journal allocates ahead: outcomes are stored although another program has filled the disk. Outcomes without
// room wait in memory. If there is no room for a new file at a start, the last one is used on.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { readWhole } from '../../../src/spool/file-io.ts';
import type { FileLayer } from '../../../src/spool/file-layer.ts';
import { inspectSpool, openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import { entryReleased, EntryBuffer, frameEntries } from '../../../src/spool/segments/journal-entries.ts';
import { queueIdCounter, queueIdSegment } from '../../../src/spool/queue-id.ts';
import type { SpoolError } from '../../../src/spool/spool-error.ts';
import type { SpoolStore } from '../../../src/spool/types.ts';
import { contentFor, envelopeFor, writerDefaults } from '../support.ts';

const directory = '/var/spool/sluice';
const room = 4096;

interface OpenedStore {
  readonly store: SpoolStore;
  /** The reason of the last `onBlocked`; undefined when outcomes can be stored. */
  readonly blocked: () => SpoolError | undefined;
  readonly recovered: readonly string[];
}

async function openStore(files: FileLayer): Promise<OpenedStore> {
  let reason: SpoolError | undefined;
  const store = await openSpoolStore({
    directory,
    slot: 0,
    journalSyncMs: 1_000_000,
    journalRoomBytes: room,
    segmentBytes: 1_000_000,
    relocateAfterMs: 1_000_000,
    files,
    onBlocked: (error) => {
      reason = error;
    },
  });
  const recovered: string[] = [];
  for await (const { queueId } of store.recover()) recovered.push(queueId);
  return { store, recovered, blocked: () => reason };
}

/** A spool with this number of messages, which are reported to a store. */
async function filled(
  disk: SimulatedDisk,
  messages: number,
): Promise<OpenedStore & { ids: string[]; files: FileLayer }> {
  const { files } = disk.process();
  const writer = await openSpoolWriter({ ...writerDefaults, directory, files });
  const opened = await openStore(files);
  const ids: string[] = [];
  for (let index = 0; index < messages; index++) {
    const queueId = writer.newQueueId();
    const content = [contentFor(index, 100)];
    const { ref } = await writer.append({ envelope: envelopeFor(queueId), content });
    opened.store.submitted(queueId, ref, 1);
    ids.push(queueId);
  }
  await writer.close();
  return { ...opened, ids, files };
}

function deliver(store: SpoolStore, ids: readonly string[]): void {
  store.settle(ids.map((queueId) => ({ kind: 'delivered', queueId, recipient: 0 })));
}

async function waiting(files: FileLayer): Promise<string[]> {
  const found: string[] = [];
  for await (const finding of inspectSpool(directory, { files })) {
    // The full disk may have had no room for an index.
    if (finding.kind === 'problem' && finding.problem.kind === 'index') continue;
    assert.ok(finding.kind === 'message', JSON.stringify(finding));
    found.push(finding.message.queueId);
  }
  return found;
}

test('outcomes are stored on a full disk, and are known after a power cut', async () => {
  const disk = new SimulatedDisk({ seed: 1, capacityBytes: 1_000_000 });
  const { store, ids, blocked } = await filled(disk, 100);
  disk.fill();
  deliver(store, ids.slice(0, 90));
  await store.flush();
  assert.equal(store.unstored, 0);
  assert.equal(blocked(), undefined);
  assert.deepEqual(await waiting(disk.restarted({ seed: 2 }).process().files), ids.slice(90));
});

test('with little room left it is blocked while outcomes of deliveries in progress still fit, until there is room again', async () => {
  const disk = new SimulatedDisk({ seed: 1, capacityBytes: 1_000_000 });
  const { store, ids, blocked } = await filled(disk, 400);
  disk.fill();
  let stored = 0;
  while (blocked() === undefined) {
    deliver(store, ids.slice(stored, (stored += 10)));
    await store.flush();
  }
  assert.equal(blocked()?.code, 'SPOOL_FULL');
  assert.ok(stored >= 100, `blocked after ${stored} outcomes`);
  // A quarter of the room is kept for deliveries in progress.
  deliver(store, ids.slice(stored, (stored += 30)));
  await store.flush();
  assert.equal(store.unstored, 0);
  disk.makeRoom();
  await store.maintain(0);
  assert.equal(blocked(), undefined);
  deliver(store, ids.slice(stored, (stored += 100)));
  await store.close();
  assert.deepEqual(await waiting(disk.restarted({ seed: 2 }).process().files), ids.slice(stored));
});

test('outcomes without room wait in memory, are counted, and are stored in the same file when there is room', async () => {
  const disk = new SimulatedDisk({ seed: 1, capacityBytes: 1_000_000 });
  const { store, ids, blocked, files } = await filled(disk, 1000);
  const before = await files.readdir(join(directory, 'journal'));
  disk.fill();
  deliver(store, ids.slice(0, 500));
  assert.equal(await store.storeOutcomes(0), 500);
  deliver(store, ids.slice(500, 600));
  await assert.rejects(store.flush(), { code: 'SPOOL_FULL' });
  assert.equal(store.unstored, 600);
  assert.equal(blocked()?.code, 'SPOOL_FULL');
  disk.makeRoom();
  assert.equal(await store.storeOutcomes(0), 0);
  assert.deepEqual(await files.readdir(join(directory, 'journal')), before);
  await store.close();
  assert.deepEqual(await waiting(disk.restarted({ seed: 2 }).process().files), ids.slice(600));
});

test('a read-only file system blocks outcomes until it can be written again', async () => {
  const disk = new SimulatedDisk({ seed: 1 });
  const { store, ids, blocked } = await filled(disk, 10);
  disk.readOnly = true;
  deliver(store, ids.slice(0, 5));
  assert.equal(await store.storeOutcomes(0), 5);
  assert.match(String(blocked()?.message), /EROFS/);
  // A second store is blocked at its start as well.
  const next = await openStore(disk.process().files);
  assert.equal(next.recovered.length, 10);
  assert.match(String(next.blocked()?.message), /EROFS/);
  disk.readOnly = false;
  assert.equal(await store.storeOutcomes(0), 0);
  assert.equal(blocked(), undefined);
});

test('a start on a full disk uses the last journal file on, and begins a new one when there is room', async () => {
  const disk = new SimulatedDisk({ seed: 1, capacityBytes: 1_000_000 });
  const { store, ids, files } = await filled(disk, 50);
  deliver(store, ids.slice(0, 5));
  await store.flush();
  disk.fill();
  const names = await files.readdir(join(directory, 'journal'));
  const second = await openStore(disk.process().files);
  assert.deepEqual(second.recovered, ids.slice(5));
  assert.equal(second.blocked(), undefined);
  deliver(second.store, ids.slice(5, 20));
  await second.store.flush();
  assert.deepEqual(await files.readdir(join(directory, 'journal')), names);
  const third = await openStore(disk.process().files);
  assert.deepEqual(third.recovered, ids.slice(20));
  disk.makeRoom();
  await third.store.maintain(0);
  const renewed = await files.readdir(join(directory, 'journal'));
  assert.equal(renewed.length, 1);
  assert.notDeepEqual(renewed, names);
  deliver(third.store, ids.slice(20, 25));
  await third.store.close();
  assert.deepEqual(await waiting(disk.restarted({ seed: 2 }).process().files), ids.slice(25));
});

test('a start on a full disk without a journal waits, and begins one when there is room', async () => {
  const disk = new SimulatedDisk({ seed: 1, capacityBytes: 1_000_000 });
  const { ids, files } = await filled(disk, 10);
  for (const name of await files.readdir(join(directory, 'journal'))) {
    await files.unlink(join(directory, 'journal', name));
  }
  disk.fill();
  const { store, recovered, blocked } = await openStore(disk.process().files);
  assert.deepEqual(recovered, ids);
  assert.equal(blocked()?.code, 'SPOOL_FULL');
  deliver(store, ids.slice(0, 3));
  assert.equal(await store.storeOutcomes(0), 3);
  disk.makeRoom();
  assert.equal(await store.storeOutcomes(0), 0);
  assert.equal(blocked(), undefined);
  assert.deepEqual(await waiting(disk.restarted({ seed: 2 }).process().files), ids.slice(3));
});

test('a frame that a crash has separated from the others is not found behind frames of a later start', async () => {
  const disk = new SimulatedDisk({ seed: 1, capacityBytes: 1_000_000 });
  const { store, ids, files } = await filled(disk, 10);
  const [held = '', done = ''] = ids;
  store.settle([{ kind: 'held', queueId: held }]);
  await store.flush();
  // Of two frames that were not synced, a power cut has kept only the second, which releases the message.
  const path = join(directory, 'journal', (await files.readdir(join(directory, 'journal')))[0] ?? '');
  const bytes = await readWhole(files, path);
  const torn = new EntryBuffer();
  torn.message(entryReleased, queueIdSegment(held), queueIdCounter(held));
  const frame = torn.take(frameEntries, bytes.readUInt32LE(12), 0);
  const end = bytes.lastIndexOf('SLJF') + frame.length;
  const fd = await files.open(path, 'r+');
  await new Promise((resolve) => {
    files.writev(fd, [frame], end + frame.length, resolve);
  });
  disk.fill();
  const second = await openStore(disk.process().files);
  assert.ok(second.recovered.includes(done));
  // The new frame is as long as the missing one, so the old second frame follows it directly.
  deliver(second.store, [done]);
  await second.store.flush();
  const states = new Map<string, boolean>();
  for await (const finding of inspectSpool(directory, { files })) {
    if (finding.kind === 'message') states.set(finding.message.queueId, finding.message.held);
  }
  assert.equal(states.get(held), true);
  assert.equal(states.has(done), false);
});
