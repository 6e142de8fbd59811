// More worlds of `system.test.ts`, in a process of their own beside it.

import { test } from 'node:test';
import { runSeeds, seedsOfOneFile } from './system-seeds.ts';

test('in as many worlds again: what was answered 250 ends once, and no limit is exceeded', async () => {
  await runSeeds(1 + seedsOfOneFile);
});
