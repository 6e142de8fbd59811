// More seeds of `system.test.ts`, in a process of their own so that both use a core.

import { test } from 'node:test';
import { runSeeds, seedsOfOneFile } from './system-seeds.ts';

test('with as many other seeds, a message answered 250 ends once, and no limit is exceeded', async () => {
  await runSeeds(1 + seedsOfOneFile);
});
