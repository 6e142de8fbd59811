// Counters are added up in memory, and read as plain data.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemoryStats } from '../../src/stats/stats.ts';

test('counts come back under their keys, in order', () => {
  const stats = new MemoryStats();
  stats.count('received');
  stats.count('received', 2);
  stats.count('delivered');
  const { counters } = stats.snapshot();
  assert.deepEqual(counters, { delivered: 1, received: 3 });
  assert.deepEqual(Object.keys(counters), ['delivered', 'received']);
  stats.count('received');
  assert.equal(counters['received'], 3, 'a snapshot does not change');
});
