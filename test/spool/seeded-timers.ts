// Timers of the code under test that a seed decides about: each turn of the event loop is some milliseconds, whatever the
// machine is busy with. What a timer does between two other steps is found again by the same seed.

import { mock } from 'node:test';
import { below, seededRandom } from '../../sim/disk/random.ts';

/** The longest turn, in ms: timers that come late and one by one, and timers that are all due at once. */
const turnsMs = [2, 4, 30, 100];

/** Runs `work` with such timers; those that are still set at its end never fire. */
export async function withSeededTimers(seed: number, work: () => Promise<void>): Promise<void> {
  const random = seededRandom(seed);
  const longestMs = turnsMs[below(random, turnsMs.length)] ?? 1;
  mock.timers.enable({ apis: ['setTimeout'] });
  const turn = (): void => {
    mock.timers.tick(below(random, longestMs));
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  try {
    await work();
  } finally {
    clearImmediate(next);
    mock.timers.reset();
  }
}
