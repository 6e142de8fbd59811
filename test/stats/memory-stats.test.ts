// Numbers are added up in memory and looked at as plain data.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MemoryStats } from '../../src/stats/stats.ts';

test('counts, gauges and timings come back under their keys, in order', () => {
  const stats = new MemoryStats();
  stats.count('receive.accepted');
  stats.count('receive.accepted', 2);
  stats.count('deliver.delivered');
  stats.gauge('queue.messages', 5);
  stats.gauge('queue.messages', 4);
  stats.time('spool.commit', 2);
  stats.time('spool.commit', 6);
  stats.time('spool.commit', 1);
  const snapshot = stats.snapshot();
  assert.deepEqual(snapshot, {
    counters: { 'deliver.delivered': 1, 'receive.accepted': 3 },
    gauges: { 'queue.messages': 4 },
    timings: { 'spool.commit': { count: 3, totalMs: 9, maxMs: 6 } },
  });
  assert.deepEqual(Object.keys(snapshot.counters), ['deliver.delivered', 'receive.accepted']);
  stats.time('spool.commit', 100);
  assert.equal(snapshot.timings['spool.commit']?.maxMs, 6, 'a snapshot does not change');
});
