// Sluice's processes in simulated houses: supervisors, managers and senders that are stopped, slow and killed at any time.
// SEEDS=20 makes twenty times as many.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { House } from '../../sim/processes/house.ts';
import { evaluate, seedFailed } from '../../sim/seed-failed.ts';

const times = Number(process.env.SEEDS ?? 1);

function live(seed: number, doesAskForSenders = true): number {
  try {
    return new House({ seed, doesAskForSenders }).live();
  } catch (error) {
    const again = `new House(${JSON.stringify({ seed, doesAskForSenders })}).live()`;
    throw seedFailed(seed, error, evaluate('sim/processes/house.ts', 'House', again));
  }
}

test('whatever is stopped, slow or killed: no limit is exceeded, nothing is lost, sent twice or stuck', () => {
  let judged = 0;
  for (let seed = 1; seed <= 200 * times; seed++) judged += live(seed);
  assert.ok(judged > 200 * 20, `only ${judged} connections were judged`);
});

test('a manager that grants before it knows of the senders of before would be found', () => {
  let found = 0;
  for (let seed = 1; seed <= 100; seed++) {
    try {
      live(seed, false);
    } catch {
      found++;
    }
  }
  assert.ok(found > 10, `only ${found} of 100 houses noticed`);
});
