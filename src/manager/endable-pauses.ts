// Pauses between two tries, which all end at once when there is to be no further try.

import type { Timers } from '../io/timers.ts';

export class EndablePauses {
  readonly #timers: Timers;
  readonly #wakes = new Set<() => void>();
  #isStopped = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Resolves after so many ms, or at `stop`. */
  wait(ms: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#timers.clear(timer);
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = this.#timers.setTimeout(wake, ms).unref();
      this.#wakes.add(wake);
    });
  }

  /** Ends all pauses; there are no more from now on. */
  stop(): void {
    this.#isStopped = true;
    for (const wake of this.#wakes) wake();
  }
}
