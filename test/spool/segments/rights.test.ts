// A user who may not read a spool is told so, and not that another version wrote it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodeOf } from '../../../src/cli/exit-codes.ts';
import { nodeFiles } from '../../../src/spool/file-layer.ts';
import { inspectSpool } from '../../../src/spool/segments/inspect.ts';

for (const code of ['EACCES', 'EPERM']) {
  test(`a spool that cannot be read because of ${code} is SPOOL_DENIED, with the exit code for missing permission`, async () => {
    const denied = () => Promise.reject(Object.assign(new Error('not you'), { code }));
    const found = inspectSpool('/var/spool/sluice', { files: { ...nodeFiles, open: denied } });
    await assert.rejects(found.next(), (error: Error & { advice?: string }) => {
      assert.equal(error.message, 'reading the spool in /var/spool/sluice: not permitted');
      assert.match(error.advice ?? '', /^Run this command as root, .* With \[users\], run it as root: /u);
      assert.equal(exitCodeOf(error), 77);
      return true;
    });
  });
}
