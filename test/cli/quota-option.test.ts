// The sizes that --quota takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quotaOf } from '../../src/cli/quota-option.ts';

test('--quota takes sizes, and 0 for no limit', () => {
  assert.deepEqual(['0', '0B', '2GiB', '1MB'].map(quotaOf), [0, 0, 2 ** 31, 1_000_000]);
  assert.throws(() => quotaOf('2'), { code: 'DIRECTORY_RECORD' });
  assert.throws(() => quotaOf('-1GiB'), { code: 'DIRECTORY_RECORD' });
});
