// The reason why a file could not be written speaks of writing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeReason } from '../../src/cli/write-reason.ts';

for (const code of ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOSPC']) {
  test(`the reason of ${code} does not speak of reading a file`, () => {
    const reason = writeReason(Object.assign(new Error(`${code}: mkdir`), { code }));
    assert.doesNotMatch(reason, /\bread it\b|^it does not exist$|mkdir/u);
  });
}

test('the reason of another error is its message', () => {
  assert.equal(
    writeReason(Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' })),
    'EIO: i/o error, write',
  );
});
