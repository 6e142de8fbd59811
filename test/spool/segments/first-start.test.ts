// Several processes make a new spool at the same time: each finds it whole, and none takes it for damaged.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { VirtualTimers } from '../../../sim/virtual-timers.ts';
import type { FileLayer } from '../../../src/spool/file-layer.ts';
import { openSpoolWriter } from '../../../src/spool/open.ts';
import { prepareDirectory } from '../../../src/spool/segments/directory.ts';
import { spoolLayout } from '../../../src/spool/segments/layout.ts';
import { writerDefaults } from '../support.ts';

const directory = '/var/spool/sluice';

/** The same files, with something that happens before the first time that a folder is listed. */
function interrupted(files: FileLayer, happen: () => Promise<void>): FileLayer {
  let isFirst = true;
  return new Proxy(files, {
    get(target, name: keyof FileLayer) {
      if (name !== 'readdir') {
        const value = target[name];
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (path: string): Promise<string[]> => {
        if (isFirst) {
          isFirst = false;
          await happen();
        }
        return target.readdir(path);
      };
    },
  });
}

test('a process that meets another one on a new spool does not report that its format file was lost', async () => {
  const disk = new SimulatedDisk({ seed: 1 });
  const timers = new VirtualTimers();
  const options = { ...writerDefaults, directory, timers, now: timers.nowMs };
  let makes = 0;
  const files = interrupted(disk.process().files, async () => {
    // The other process makes the spool with its first segment, and ends.
    await (await openSpoolWriter({ ...options, files: disk.process().files })).close();
    makes++;
  });
  const reported: string[] = [];
  await prepareDirectory(files, spoolLayout(directory), 0, ({ text }) => reported.push(text));
  assert.equal(makes, 1);
  assert.deepEqual(reported, []);
});
