// Timers for the code under test that depend on a seed only: each turn of the event loop advances them by a random number of
// milliseconds. So the same seed runs the timers between the same steps.

import { mock } from 'node:test';
import { below, seededRandom } from '../../../sim/disk/random.ts';

/** Longest turns in ms. With short turns timers fire one by one, with long turns many at once. */
const longestTurnsMs = [2, 4, 30, 100];

/** Runs `work` with such timers. Timers that are still set at its end never fire. */
export async function withSeededTimers(seed: number, work: () => Promise<void>): Promise<void> {
  const random = seededRandom(seed);
  const longestMs = longestTurnsMs[below(random, longestTurnsMs.length)] ?? 1;
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
