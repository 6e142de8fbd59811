// Sluice's processes in simulation: supervisors, managers and senders that are stopped, slow and killed at any time.
// SEEDS=20 runs twenty times as many seeds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessSimulation } from '../../sim/processes/process-simulation.ts';
import { evaluate, seedFailed } from '../../sim/seed-failed.ts';

const times = Number(process.env.SEEDS ?? 1);

function run(seed: number, doesAskForSenders = true): number {
  try {
    return new ProcessSimulation({ seed, doesAskForSenders }).run();
  } catch (error) {
    const again = `new ProcessSimulation(${JSON.stringify({ seed, doesAskForSenders })}).run()`;
    const file = 'sim/processes/process-simulation.ts';
    throw seedFailed(seed, error, evaluate(file, 'ProcessSimulation', again));
  }
}

test('while processes are stopped, slow and killed, no limit is exceeded and each message arrives once', () => {
  let judged = 0;
  for (let seed = 1; seed <= 200 * times; seed++) judged += run(seed);
  assert.ok(judged > 200 * 20, `only ${judged} connections were judged`);
});

test('the simulation finds a manager that grants before it knows the earlier senders', () => {
  let found = 0;
  for (let seed = 1; seed <= 100; seed++) {
    try {
      run(seed, false);
    } catch {
      found++;
    }
  }
  assert.ok(found > 10, `only ${found} of 100 seeds found it`);
});
