// Descriptors of segments are closed with their reader, also one that is being read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { nodeTimers } from '../../../src/io/timers.ts';
import type { FileLayer } from '../../../src/spool/file-layer.ts';
import { segmentPath, spoolLayout } from '../../../src/spool/segments/layout.ts';
import { OpenSegments } from '../../../src/spool/segments/open-segments.ts';

test('close leaves a descriptor open for a read in progress, and closes it after the read', async () => {
  const { files } = new SimulatedDisk({ seed: 1 }).process();
  const layout = spoolLayout('/var/spool/sluice');
  await files.mkdir(layout.segments);
  for (const id of [64, 128]) await files.close(await files.open(segmentPath(layout, id), 'w'));
  const closed: number[] = [];
  const counting: FileLayer = {
    ...files,
    closeSync: (fd) => {
      closed.push(fd);
      files.closeSync(fd);
    },
  };
  const segments = new OpenSegments(counting, layout, nodeTimers);
  const idleFd = segments.fdSync(64);
  const { promise: read, resolve: endRead } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<number>();
  const reading = segments.with(128, (fd) => {
    begin(fd);
    return read;
  });
  const busyFd = await begun;
  segments.close();
  assert.deepEqual(closed, [idleFd]);
  endRead();
  await reading;
  assert.deepEqual(closed, [idleFd, busyFd]);
});
