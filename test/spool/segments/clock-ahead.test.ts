// After a time with a clock that was a year ahead, the maintenance treats the segments of that time like all others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import type { RecoveredMessage, SpoolStore } from '../../../src/spool/types.ts';
import { contentFor, envelopeFor, writerDefaults } from '../support.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';

const directory = '/var/spool/sluice';
const nowMs = 1_760_000_000_000;
const aheadMs = nowMs + 365 * 86_400_000;
const relocateAfterMs = 60_000;

async function openStore(
  disk: SimulatedDisk,
  onStray?: (message: RecoveredMessage) => void,
): Promise<SpoolStore> {
  const store = await openSpoolStore({
    directory,
    slot: 0,
    journalSyncMs: 1_000_000,
    journalRoomBytes: 4096,
    segmentBytes: 100_000,
    relocateAfterMs,
    files: disk.process().files,
    ...(onStray !== undefined && { onStray }),
  });
  for await (const { queueId } of store.recover()) assert.fail(queueId);
  return store;
}

test('a message in a segment from a time when the clock was ahead is moved when the segment has existed for long enough', async () => {
  const disk = new SimulatedDisk({ seed: 1 });
  const { files } = disk.process();
  const writer = await openSpoolWriter({ ...writerDefaults, directory, files, now: () => aheadMs });
  const store = await openStore(disk);
  const queueId = writer.newQueueId();
  const { ref } = await writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 500)] });
  store.submitted(queueId, ref, 1);
  await writer.close();
  await store.maintain(aheadMs + 1);
  await store.maintain(nowMs);
  await store.maintain(nowMs + relocateAfterMs - 1);
  assert.deepEqual(store.locate(queueId), ref);
  await store.maintain(nowMs + relocateAfterMs);
  assert.notEqual(segmentPlace(store.locate(queueId)!).segment, segmentPlace(ref).segment);
  await store.close();
});

test('a message that no receiver has reported is found half a minute after the clock was set back', async () => {
  const disk = new SimulatedDisk({ seed: 1 });
  const { files } = disk.process();
  const writer = await openSpoolWriter({ ...writerDefaults, directory, files, now: () => nowMs });
  const strays: string[] = [];
  const store = await openStore(disk, (message) => strays.push(message.queueId));
  const queueId = writer.newQueueId();
  await writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 500)] });
  await writer.close();
  await store.maintain(aheadMs);
  await store.maintain(nowMs);
  assert.deepEqual(strays, []);
  await store.maintain(nowMs + 30_000);
  assert.deepEqual(strays, [queueId]);
  await store.close();
});
