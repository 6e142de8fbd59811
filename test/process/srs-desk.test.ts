// The supervisor's desk for the secrets of SRS: when it reads their file again.

import assert from 'node:assert/strict';
import fs, { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { SrsDesk } from '../../src/process/supervise/srs-desk.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { keptLog } from './quiet-log.ts';

test('a file that could not be opened for a moment is read again, although it has not changed', async (t) => {
  const folder = temporaryFolder(t, 'srs-desk').path;
  writeFileSync(join(folder, 'srs.secret'), 'a secret of the first days\n', { mode: 0o600 });
  const config = parseConfig(
    '[srs]\ndomain = "srs.test"\nsecret_file = "srs.secret"\n',
    join(folder, 'sluice.toml'),
  );
  const tooMany = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  const opening = t.mock.method(fs, 'openSync', () => {
    throw tooMany;
  });
  syncBuiltinESMExports();
  t.after(() => {
    opening.mock.restore();
    syncBuiltinESMExports();
  });
  const troubles = new Troubles();
  const desk = new SrsDesk(config, { log: keptLog(), troubles });
  assert.equal(desk.secrets.kind, 'missing');
  assert.match(troubles.list[0]?.text ?? '', /too many open files/u);
  opening.mock.restore();
  syncBuiltinESMExports();
  await desk.look();
  assert.deepEqual(desk.secrets, { kind: 'secrets', secrets: ['a secret of the first days'] });
  assert.deepEqual(troubles.list, []);
});
