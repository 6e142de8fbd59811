// Copies of damaged headers and envelopes are found in the index; a failure to read it is not remembered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { nodeTimers } from '../../../src/io/timers.ts';
import type { FileLayer } from '../../../src/spool/file-layer.ts';
import { IndexCopies } from '../../../src/spool/segments/index-copies.ts';
import { spoolLayout } from '../../../src/spool/segments/layout.ts';
import { openSpoolWriter } from '../../../src/spool/open.ts';
import { contentFor, envelopeFor, writerDefaults } from '../support.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';

test('an index that could not be read for want of file descriptors is read again by the next call', async (t) => {
  const directory = '/var/spool/sluice';
  const { files } = new SimulatedDisk({ seed: 1 }).process();
  const writer = await openSpoolWriter({ ...writerDefaults, directory, files });
  const envelope = envelopeFor(writer.newQueueId());
  const { ref } = await writer.append({ envelope, content: [contentFor(1, 100)] });
  await writer.close();
  let failures = 1;
  const failing: FileLayer = {
    ...files,
    open: (path, flags) =>
      failures-- > 0
        ? Promise.reject(Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }))
        : files.open(path, flags),
  };
  const copies = new IndexCopies(failing, spoolLayout(directory), nodeTimers);
  t.after(() => copies.close());
  await assert.rejects(copies.find(segmentPlace(ref)), { code: 'EMFILE' });
  assert.equal((await copies.find(segmentPlace(ref)))?.head.length, segmentPlace(ref).length);
});
