// `sluice spool check` names the manager's state files that are damaged or have impossible values.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSpoolStore } from '../../src/spool/open.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

test('spool check names state files with impossible values or wrong checksums', async (t) => {
  const { path: folder } = temporaryFolder(t, 'spool-check');
  const spool = join(folder, 'spool');
  const config = join(folder, 'sluice.toml');
  mkdirSync(spool);
  writeFileSync(config, `spool = ${JSON.stringify(spool)}\n`);
  const store = await openSpoolStore({
    directory: spool,
    slot: 0,
    journalSyncMs: 1_000,
    segmentBytes: 1_000_000,
    relocateAfterMs: 3_600_000,
  });
  for await (const message of store.recover()) assert.fail(`nothing waits, but ${message.queueId}`);
  await store.close();
  const check = () => sluice(['spool', 'check', '-c', config]);
  assert.match((await check()).stdout, /nothing is damaged/);
  writeFileSync(
    join(spool, 'clock.json'),
    '{"version":1,"stretches":[{"fromMs":1,"toMs":9e15,"shiftMs":5e14}]}',
  );
  writeFileSync(join(spool, 'rates.json'), '{"version":2,"rates":[]}');
  writeFileSync(join(spool, 'overrides.json'), '{"version":1,"nextId":0,"overrides":[]}');
  const { stdout, code } = await check();
  assert.match(stdout, /^clock\.json: the file is damaged: stretches\.0\.toMs: /m);
  assert.match(stdout, /^rates\.json: the file is damaged: its checksum is missing$/m);
  assert.match(stdout, /^overrides\.json: the file is damaged: nextId: /m);
  assert.equal(code, 1);
});
