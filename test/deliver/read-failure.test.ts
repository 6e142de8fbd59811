// A message that the spool cannot give is never its recipients' fault; only what stays so is called damage.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFailure } from '../../src/deliver/read-failure.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { SegmentReader } from '../../src/spool/segment-reader.ts';
import { spoolLayout } from '../../src/spool/layout.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';

test('a checksum that does not hold and a file that is gone are damage; the next attempt would find the same', () => {
  for (const code of ['SPOOL_CORRUPT', 'SPOOL_MISSING'] as const) {
    assert.deepEqual(readFailure(new SpoolError(code, 'why')), {
      error: '451 4.3.0 the stored message is damaged: why',
      isDamaged: true,
    });
  }
  assert.deepEqual(readFailure(new Error('surprise')), { error: '451 4.3.0 surprise' });
});

for (const [code, isDamaged] of [
  ['EMFILE', undefined],
  ['EACCES', undefined],
  ['EIO', undefined],
  ['ENOENT', true],
] as const) {
  test(`${code} while a message is read is ${isDamaged === true ? 'damage' : 'a fault that may pass'}`, async () => {
    const fail = (): never => {
      throw Object.assign(new Error(code), { code });
    };
    const reader = new SegmentReader(
      { ...nodeFiles, open: () => Promise.resolve().then(fail), openSync: fail },
      spoolLayout('/nowhere'),
    );
    const ref = { segment: 64, offset: 32, length: 160 };
    assert.throws(
      () => reader.readFresh(ref),
      (error) => readFailure(error).isDamaged === isDamaged,
    );
    await assert.rejects(reader.read(ref), (error) => readFailure(error).isDamaged === isDamaged);
    reader.close();
  });
}
