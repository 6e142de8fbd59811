// The lock of an archive on a full disk.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderFor } from './pipe-fixture.ts';

test('a lock that cannot be written is not left behind', (t) => {
  const folder = folderFor(t);
  const lock = import.meta.resolve('../../../src/mailbox/mbox/file-lock.ts');
  const script = `import { withLock } from ${JSON.stringify(lock)};
    await withLock(process.argv[1], async () => undefined).catch((error) => console.log(error.code));`;
  // With this limit, a file can be made and not be written to, as on a full disk.
  const { stdout } = spawnSync(
    '/bin/sh',
    [
      '-c',
      'ulimit -f 0; exec "$0" "$@"',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
      join(folder, 'all'),
    ],
    { encoding: 'utf8' },
  );
  assert.equal(stdout, 'EFBIG\n');
  assert.deepEqual(readdirSync(folder), []);
});
