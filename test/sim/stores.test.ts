// Worlds with two stores of mail or five, of which one hangs, fills up, fails and becomes read-only: mail of the others goes on, messages for
// several are split, nothing is lost, and limits hold over all. `runSeed` judges each world by its books.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed } from '../../sim/system/run-seed.ts';
import { System } from '../../sim/system/system.ts';

async function worlds(others: number, from: number, count: number): Promise<System[]> {
  const systems: System[] = [];
  for (let seed = from; systems.length < count; seed++) {
    if (new System({ seed }).others?.all.length === others) systems.push(await runSeed(seed));
  }
  return systems;
}

test('while one of two stores hangs, mail of the other one arrives, and afterwards all mail ends', async () => {
  const systems = await worlds(1, 50_001, 20);
  const arrivals = systems.reduce((sum, { others }) => sum + (others?.arrivalsMeanwhile ?? 0), 0);
  assert.ok(arrivals > 5, `${arrivals} arrivals while a store hung`);
});

test('while one of five stores is ill, mail of the others arrives, and messages for several are lost by no crash', async () => {
  const systems = await worlds(4, 60_001, 20);
  const sum = (of: (system: System) => number | undefined): number =>
    systems.reduce((all, each) => all + (of(each) ?? 0), 0);
  const arrivals = sum(({ others }) => others?.arrivalsMeanwhile);
  const whole = sum(({ others }) => others?.split.whole);
  const inPart = sum(({ others }) => others?.split.inPart);
  assert.ok(arrivals > 5, `${arrivals} arrivals while a store hung`);
  assert.ok(whole > 50, `${whole} messages were stored in several stores`);
  assert.ok(inPart > 0, `${inPart} messages were stored in some of their stores`);
});
