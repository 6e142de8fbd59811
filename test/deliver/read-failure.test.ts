// A message that the spool cannot give is never its recipients' fault; only what stays so is called damage.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFailure } from '../../src/deliver/read-failure.ts';
import { damageOf } from '../../src/message/refusal.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { SegmentReader } from '../../src/spool/segments/segment-reader.ts';
import { spoolLayout } from '../../src/spool/segments/layout.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';

test('a checksum that does not hold and a file that is gone are damage; the next attempt would find the same', () => {
  for (const code of ['SPOOL_CORRUPT', 'SPOOL_MISSING'] as const) {
    assert.equal(damageOf(readFailure(new SpoolError(code, 'why'))), 'why');
  }
  const surprise = readFailure(new Error('surprise'));
  assert.deepEqual(surprise.by, { kind: 'local' });
  assert.equal(refusalText(surprise), '451 4.3.0 surprise');
});

for (const [code, isDamaged] of [
  ['EMFILE', false],
  ['EACCES', false],
  ['EIO', false],
  ['ENOENT', true],
] as const) {
  test(`${code} while a message is read is ${isDamaged ? 'damage' : 'a fault that may pass'}`, async () => {
    const fail = (): never => {
      throw Object.assign(new Error(code), { code });
    };
    const reader = new SegmentReader(
      { ...nodeFiles, open: () => Promise.resolve().then(fail), openSync: fail },
      spoolLayout('/nowhere'),
    );
    const ref = { store: 0, place: [64, 32, 160] };
    assert.throws(
      () => reader.readFresh(ref),
      (error) => (damageOf(readFailure(error)) !== undefined) === isDamaged,
    );
    await assert.rejects(
      reader.read(ref),
      (error) => (damageOf(readFailure(error)) !== undefined) === isDamaged,
    );
    reader.close();
  });
}
