// A probe leaves no file behind. A disk that is read-only or fails is reported as such, and not as full.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import type { FileLayer } from '../../src/spool/file-layer.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { probeSpool } from '../../src/spool/probe.ts';
import type { SpoolWriter } from '../../src/spool/types.ts';
import { contentFor, envelopeFor, writerDefaults } from './support.ts';

const directory = '/var/spool/sluice';

function append(writer: SpoolWriter) {
  const queueId = writer.newQueueId();
  return writer.append({ envelope: envelopeFor(queueId), content: [contentFor(1, 700)] });
}

test('a probe fails as a write would, and leaves no file behind', async () => {
  const disk = new SimulatedDisk({ seed: 1 });
  const { files } = disk.process();
  await openSpoolWriter({ ...writerDefaults, directory, files });
  const before = await files.readdir(directory);
  await probeSpool({ directory, name: '1', sync: true, files });
  assert.deepEqual(await files.readdir(directory), before);
  disk.readOnly = true;
  await assert.rejects(probeSpool({ directory, name: '1', sync: false, files }), {
    code: 'SPOOL_WRITE_FAILED',
    message: /EROFS/u,
  });
});

test('a spool that became read-only is reported as read-only, not as full, until it can be written again', async () => {
  const disk = new SimulatedDisk({ seed: 1 });
  const clock = { nowMs: 1_700_000_000_000 };
  const { files } = disk.process();
  const writer = await openSpoolWriter({ ...writerDefaults, directory, files, now: () => clock.nowMs });
  await append(writer);
  disk.readOnly = true;
  await assert.rejects(append(writer), { code: 'SPOOL_WRITE_FAILED' });
  assert.equal(writer.hasRoom(1), false);
  assert.match(writer.failure?.message ?? '', /EROFS/u);
  await assert.rejects(append(writer), { code: 'SPOOL_WRITE_FAILED', message: /EROFS/u });
  disk.readOnly = false;
  clock.nowMs += 1_000;
  assert.equal(writer.hasRoom(1), true);
  assert.equal(writer.failure, undefined);
  await append(writer);
  await writer.close();
});

test('after one failed write mail is still accepted; it is refused early only when no file can be made', async () => {
  const { files } = new SimulatedDisk({ seed: 1 }).process();
  const eio = (): NodeJS.ErrnoException => Object.assign(new Error('EIO: simulated'), { code: 'EIO' });
  let fails = { writes: false, opens: false };
  const failing: FileLayer = {
    ...files,
    open: (path, flags) => (fails.opens && flags !== 'r' ? Promise.reject(eio()) : files.open(path, flags)),
    writev: (fd, buffers, position, done) =>
      fails.writes ? done(eio(), 0) : files.writev(fd, buffers, position, done),
  };
  const writer = await openSpoolWriter({ ...writerDefaults, directory, files: failing });
  fails = { writes: true, opens: false };
  await assert.rejects(append(writer), { code: 'SPOOL_WRITE_FAILED' });
  assert.equal(writer.hasRoom(1), true);
  fails = { writes: false, opens: true };
  await assert.rejects(append(writer), { code: 'SPOOL_WRITE_FAILED' });
  assert.equal(writer.hasRoom(1), false);
  assert.match(writer.failure?.message ?? '', /EIO/u);
});
