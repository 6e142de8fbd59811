// The watch over free space on the disk of the spool.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { diskProblem, diskProblemNow, DiskWatch } from '../../src/process/watch/disk-watch.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { keptLog } from './quiet-log.ts';

const mib = 2 ** 20;
const configOf = (queue: string) => parseConfig(`[queue]\n${queue}\n`, '/etc/sluice.toml');
const usual = configOf('reserve = "256MiB"');

test('free space far above the reserve is no problem', () => {
  assert.equal(diskProblem(1000 * mib, usual), undefined);
});

test('free space near the reserve is a warning, and below it new mail is refused', () => {
  assert.equal(diskProblem(300 * mib, usual)?.level, 'warning');
  const below = diskProblem(255 * mib, usual);
  assert.equal(below?.level, 'critical');
  assert.match(
    below?.text ?? '',
    /has 255 MiB free, and queue\.reserve keeps 256 MiB: new mail is refused with 452/u,
  );
});

test('without a reserve a full disk is critical all the same, and nobody is told to make the reserve smaller', () => {
  const full = diskProblem(0, configOf('reserve = "0B"'));
  assert.equal(full?.level, 'critical');
  assert.match(full?.text ?? '', /has 0\.0 MiB free: new mail is refused with 452/u);
  assert.doesNotMatch(`${full?.text} ${full?.advice}`, /reserve/u);
});

test('a spool that is not there yet is on the disk of the folder above it', (t) => {
  const { path } = temporaryFolder(t, 'disk');
  const config = { ...configOf('reserve = "9000000GB"'), spool: `${path}/spool/of/later` };
  assert.equal(diskProblemNow(config)?.level, 'critical');
});

test('a running Sluice reports a full disk, and a disk whose free space cannot be read', async (t) => {
  const { path } = temporaryFolder(t, 'disk');
  const troubles = new Troubles();
  const raised = Promise.withResolvers<void>();
  troubles.onChanged(() => raised.resolve());
  const watch = new DiskWatch({ ...usual, spool: `${path}/gone` }, troubles, keptLog());
  watch.start();
  await raised.promise;
  watch.stop();
  assert.match(troubles.list[0]?.text ?? '', /cannot be read: ENOENT/u);
});

test('a disk that cannot be written is a trouble, also while no mail comes, until it can be written again', async (t) => {
  const { path } = temporaryFolder(t, 'disk');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const troubles = new Troubles();
  const log = keptLog();
  const config = { ...configOf('reserve = "0B"'), spool: path };
  let changed = Promise.withResolvers<void>();
  troubles.onChanged(() => changed.resolve());
  const watch = new DiskWatch(config, troubles, log);
  // Opening a file for writing fails here, also for root, as it does on a read-only file system.
  mkdirSync(join(path, 'probe.watch'));
  watch.start();
  await changed.promise;
  const [trouble] = troubles.list;
  assert.equal(trouble?.key, 'disk:write');
  assert.equal(trouble?.level, 'critical');
  assert.match(trouble?.text ?? '', /cannot be written \(EEXIST: file already exists\): new mail/u);
  assert.match(log.lines.join('\n'), /^error The spool .* cannot be written/u);
  rmdirSync(join(path, 'probe.watch'));
  changed = Promise.withResolvers();
  await new Promise((resolve) => void setImmediate(resolve)); // the look is over, and has set the timer of the next
  t.mock.timers.tick(5_000);
  await changed.promise;
  watch.stop();
  assert.deepEqual(troubles.list, []);
  assert.equal(log.lines.at(-1), 'info the disk of the spool can be written again');
  assert.deepEqual(readdirSync(path), []);
});
