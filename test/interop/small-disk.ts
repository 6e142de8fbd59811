// A small file system of a test's own, and another program that fills it.

import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';

/** A file system of 32 MiB that is removed after the test. */
export async function smallDisk(t: TestContext): Promise<{ readonly ground: Ground; readonly disk: string }> {
  const ground = Ground.of(t);
  const disk = ground.folder('disk');
  await ground.run('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk]);
  ground.atEnd(async () => void (await ground.run('umount', ['-l', disk])));
  return { ground, disk };
}

/** Fills all free bytes, as another program might. */
export function fill(disk: string): void {
  const file = openSync(`${disk}/other`, 'a');
  try {
    for (const size of [64 * 1024, 4096]) {
      for (let isFull = false; !isFull;) {
        try {
          isFull = writeSync(file, Buffer.alloc(size)) < size;
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
          isFull = true;
        }
      }
    }
  } finally {
    closeSync(file);
  }
}

/** What was filled is free again. */
export function makeRoom(disk: string): void {
  rmSync(`${disk}/other`);
}
