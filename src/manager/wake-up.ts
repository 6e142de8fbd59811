// Wakes the scheduler at the time that it names: for a retry that is due, a lifetime that ends, or a rest that is over.

import type { DatedClock } from '../io/steady-clock.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { Scheduler } from '../schedule/types.ts';

/** The longest time that setTimeout takes. A scheduler that is woken too early just names the next time again. */
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

  /** Sets the timer for the scheduler's next time; call it after every call of the scheduler. */
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
