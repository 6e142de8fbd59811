// State files on a disk that fails: the file of before or the one of after, never something in between.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import { StateFile } from '../../src/manager/state-file.ts';

const path = '/spool/state.json';

async function diskWith(before: object, crashAfter?: number): Promise<SimulatedDisk> {
  const first = new SimulatedDisk({ seed: 1 });
  const { files } = first.process();
  await files.mkdir('/spool');
  await files.syncDirectory('/');
  await new StateFile(path, { files }).write(before, true);
  return first.restarted({ seed: 2 + (crashAfter ?? 0), ...(crashAfter && { crashAt: crashAfter }) });
}

test('wherever power is cut, a state file says what it said before or after the change', async () => {
  const seen = new Set<unknown>();
  for (let crashAt = 1; ; crashAt++) {
    const disk = await diskWith({ version: 2, value: 'before' }, crashAt);
    const written = new StateFile(path, { files: disk.process().files }).write(
      { version: 2, value: 'after' },
      true,
    );
    await Promise.race([written, disk.crashed]);
    const isThrough = !disk.isOff;
    const { files } = disk.restarted({ seed: crashAt }).process();
    const found = (await new StateFile(path, { files }).read()) as { readonly value: unknown };
    assert.ok(found.value === 'after' || (!isThrough && found.value === 'before'), String(found.value));
    seen.add(found.value);
    if (isThrough) break;
  }
  assert.deepEqual(seen, new Set(['before', 'after']));
});

test('a state file that finds no room stays as it was, and gives back what it took', async () => {
  const disk = await diskWith({ version: 2, value: 'before' });
  const { files } = disk.process();
  const file = new StateFile(path, { files });
  disk.fill(40);
  await assert.rejects(file.write({ version: 2, value: 'after'.repeat(20) }, true), { code: 'ENOSPC' });
  assert.equal(disk.freeBytes, 40);
  assert.deepEqual(await file.read(), { version: 2, value: 'before' });
  disk.makeRoom();
  await file.write({ version: 2, value: 'after' }, true);
  assert.deepEqual(await file.read(), { version: 2, value: 'after' });
});
