// Memory against what is configured, as `sluice doctor` judges it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryDemand, type MemoryFacts, memoryFindings } from '../../../src/cli/doctor/memory.ts';
import { parseConfig } from '../../../src/config/config.ts';

const mib = 1024 ** 2;
const good: MemoryFacts = {
  demand: { processes: 5, content: 256 * mib, deliverConnections: 1_000, receiveConnections: 10_000 },
  limit: { bytes: 4096 * mib, by: 'this host' },
  kills: 0,
  swapped: { bytes: 0, resident: 400 * mib },
  addressSpace: undefined,
};

const cases: readonly (readonly [name: string, change: Partial<MemoryFacts>, codes: readonly string[]])[] = [
  ['enough', {}, []],
  [
    'less than processes and mail need',
    { limit: { bytes: 512 * mib, by: 'the control group' } },
    ['memory-few'],
  ],
  [
    'enough for these, and not for all clients',
    { limit: { bytes: 1024 * mib, by: 'this host' } },
    ['memory-tight'],
  ],
  ['the kernel has killed', { kills: 2 }, ['memory-killed']],
  ['much is swapped out', { swapped: { bytes: 200 * mib, resident: 400 * mib } }, ['memory-swapped']],
  ['little is swapped out', { swapped: { bytes: 80 * mib, resident: 400 * mib } }, []],
  ['a limited address space', { addressSpace: 2048 * mib }, ['memory-address-space']],
];
for (const [name, change, expected] of cases) {
  test(name, () => {
    assert.deepEqual(
      memoryFindings({ ...good, ...change }).map(({ code }) => code),
      expected,
    );
  });
}

test('the demand counts every process, and the memory of each receiver', () => {
  const config = parseConfig(
    '[processes]\nreceivers = 2\nsenders = 4\n[receive]\nmemory_limit = "100MiB"\n[deliver]\nmax_connections = 7\n',
    '/x/sluice.toml',
  );
  assert.deepEqual(memoryDemand(config), {
    processes: 9,
    content: 200 * mib,
    deliverConnections: 7,
    receiveConnections: 10_000,
  });
});
