// What everything in a simulated system stands on: one clock, one source of chance, and who is told what happens.

import type { Random } from '../../src/schedule/store/random.ts';
import type { VirtualClock } from '../../src/simulate/virtual-clock.ts';

/** Is told each step; text is made only when somebody reads it. */
export type Trace = (text: () => string) => void;

export interface Ground {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly trace: Trace;
}

/** Resolves when everything has happened that waits for promises alone. */
export function settled(): Promise<void> {
  // Node empties the queue of microtasks before it goes on with this one, and no turn of the event loop is needed.
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
