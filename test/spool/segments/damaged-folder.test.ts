// The folder `damaged` keeps a bounded number of files, whatever the clock says.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { listDamaged, setAside } from '../../../src/spool/segments/damaged-folder.ts';
import { segmentPath, spoolLayout } from '../../../src/spool/segments/layout.ts';

test('after the clock was set back, the folder is bounded as before, and the newest file is kept', async () => {
  const { files } = new SimulatedDisk({ seed: 1 }).process();
  const layout = spoolLayout('/var/spool/sluice');
  const make = async (path: string): Promise<void> => files.close(await files.open(path, 'w'));
  await files.mkdir(layout.segments);
  await files.mkdir(layout.damaged);
  for (let count = 0; count < 205; count++) {
    await make(join(layout.damaged, `20990101T${String(count).padStart(9, '0')}Z-old`));
  }
  const path = segmentPath(layout, 64);
  await make(path);
  const aside = await setAside(files, layout, path, Date.UTC(2026, 0, 1));
  const names = (await listDamaged(files, layout)).map(({ name }) => join(layout.damaged, name));
  assert.equal(names.length, 200);
  assert.equal(names[0], aside);
});
