// Wakes the scheduler when it has something to do of its own: a retry that is due, a lifetime that ends, a rest that is over.

import type { DatedClock } from '../io/steady-clock.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { Scheduler } from '../schedule/types.ts';

/** setTimeout takes no longer time; a scheduler that is woken too early only says when it wants to be woken. */
const longestMs = 2_147_000_000;

export interface WakeUpParts {
  readonly scheduler: Pick<Scheduler, 'nextWakeMs'>;
  readonly clock: Pick<DatedClock, 'nowMs'>;
  readonly timers: Timers;
}

export class WakeUp {
  readonly #parts: WakeUpParts;
  readonly #due: () => void;
  #timer: Timer | undefined;
  #atMs = Infinity;
  #isStopped = false;

  /** @param due - called when the time has come */
  constructor(parts: WakeUpParts, due: () => void) {
    this.#parts = parts;
    this.#due = due;
  }

  /** To be called after every call of the scheduler. */
  arm(): void {
    if (this.#isStopped) return;
    const { scheduler, clock, timers } = this.#parts;
    const nextMs = scheduler.nextWakeMs();
    if (nextMs >= this.#atMs) return;
    timers.clear(this.#timer);
    this.#atMs = nextMs;
    const delayMs = Math.min(Math.max(nextMs - clock.nowMs(), 0), longestMs);
    this.#timer = timers.setTimeout(() => {
      this.#atMs = Infinity;
      this.#due();
    }, delayMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#parts.timers.clear(this.#timer);
  }
}
