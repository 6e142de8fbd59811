// Worlds with two stores of mail, of which one hangs, fills up and fails: mail of the other goes on, nothing is lost, and limits
// hold over both. `runSeed` judges each world by its books.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed } from '../../sim/system/run-seed.ts';
import { System } from '../../sim/system/system.ts';

const worlds = 30;

test('while a store hangs, mail of the other one arrives, and afterwards all mail ends', async () => {
  let arrivals = 0;
  for (let seed = 50_001, count = 0; count < worlds; seed++) {
    if (new System({ seed }).second === undefined) continue;
    const system = await runSeed(seed);
    arrivals += system.second?.arrivalsMeanwhile ?? 0;
    count++;
  }
  assert.ok(arrivals > 5, `${arrivals} arrivals while a store hung`);
});
