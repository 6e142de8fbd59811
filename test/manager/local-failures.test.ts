// What the log says when this machine cannot even begin connections: one line a minute.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalFailures } from '../../src/manager/local-failures.ts';
import { keptLog } from '../process/quiet-log.ts';
import { ours } from '../refusals.ts';

test('the first failure is logged at once, further ones within a minute are counted', () => {
  const log = keptLog();
  const failures = new LocalFailures(log);
  const error = 'mx.example[192.0.2.1]:25: cannot connect from 192.0.2.77: this machine has no such address';
  for (const seconds of [0, 1, 59.9, 60, 61, 200]) failures.failed(ours(error), seconds * 1_000);
  assert.deepEqual(log.lines, [
    `warn a connection could not be begun: ${error}`,
    `warn a connection could not be begun: ${error} (2 more since the last warning)`,
    `warn a connection could not be begun: ${error} (1 more since the last warning)`,
  ]);
});
