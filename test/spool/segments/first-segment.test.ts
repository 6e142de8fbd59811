// A writer that is opened on a full disk makes its first segment as soon as there is room, also without mail: only a newer segment
// shows the store that the last one of a dead process gets no more records.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { settled, VirtualTimers } from '../../../sim/virtual-timers.ts';
import { openSpoolWriter } from '../../../src/spool/open.ts';
import { listSegments, spoolLayout } from '../../../src/spool/segments/layout.ts';
import { contentFor, envelopeFor, writerDefaults } from '../support.ts';

const directory = '/var/spool/sluice';

test('the first segment is made when there is room again, and mail goes into it', async () => {
  const timers = new VirtualTimers();
  const disk = new SimulatedDisk({ seed: 1, capacityBytes: 100_000 });
  const { files } = disk.process();
  const segments = async (): Promise<number> =>
    (await listSegments(files, spoolLayout(directory))).segments.length;
  const options = { ...writerDefaults, directory, files, timers, now: timers.nowMs };
  await (await openSpoolWriter(options)).close();
  disk.fill(0);
  const writer = await openSpoolWriter(options);
  const before = await segments();
  await timers.pass(4_500);
  for (let turn = 0; turn < 20; turn++) await settled();
  assert.equal(await segments(), before, 'the disk is full');
  disk.makeRoom();
  await timers.pass(1_000);
  for (let turn = 0; turn < 20; turn++) await settled();
  assert.equal(await segments(), before + 1);
  const queueId = writer.newQueueId();
  const stored = writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 100)] });
  await timers.pass(10);
  await stored;
  assert.equal(await segments(), before + 1);
  await writer.close();
});
