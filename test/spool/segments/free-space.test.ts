// Room above the reserve is checked for each message and measured at most once a second.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FreeSpace } from '../../../src/spool/segments/free-space.ts';
import { nodeFiles, type FileLayer } from '../../../src/spool/file-layer.ts';

function ground(freeBytes: number) {
  const disk = { freeBytes, measured: 0, nowMs: 5_000 };
  const files: FileLayer = {
    ...nodeFiles,
    freeBytes: () => {
      disk.measured++;
      return Promise.resolve(disk.freeBytes);
    },
    freeBytesSync: () => {
      disk.measured++;
      return disk.freeBytes;
    },
  };
  return { disk, space: new FreeSpace(files, '/spool', 100, () => disk.nowMs) };
}

test('the first message after room was made is accepted, even if the last measurement is old', async () => {
  const { disk, space } = ground(150);
  await space.measure();
  assert.equal(space.hasRoom(51), false);
  disk.freeBytes = 1_000;
  disk.nowMs += 3_600_000;
  assert.equal(space.hasRoom(51), true);
});

test('a full disk is measured once a second, even with many questions', async () => {
  const { disk, space } = ground(0);
  await space.measure();
  for (let at = 0; at < 100; at++) {
    disk.nowMs += 100;
    assert.equal(space.hasRoom(1), false);
  }
  assert.equal(disk.measured, 1 + 10);
});

test('after a write that found no room, no message fits for a second', async () => {
  const { disk, space } = ground(1_000); // a quota
  await space.measure();
  disk.nowMs += 1_500;
  space.markFull();
  disk.nowMs += 999;
  assert.equal(space.hasRoom(1), false);
  disk.nowMs++;
  assert.equal(space.hasRoom(1), true);
});
