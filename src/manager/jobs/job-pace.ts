// Makes jobs slow enough that deliveries go on undisturbed: all jobs together take turns, one slice at a time, and after each
// slice nothing is done for twice as long as it took. So jobs take a third of the manager's time at most, however many there are.

import type { Timers } from '../../io/timers.ts';

/** Time of rest for each ms of work. */
const restFactor = 2;

export class JobPace {
  readonly #timers: Timers;
  /** Resolves when the last slice that is wanted has been done. */
  #turn: Promise<void> = Promise.resolve();
  #restUntilMs = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Runs a slice when its turn has come: never in the same turn of the event loop as another one. */
  async slice<Result>(act: () => Result): Promise<Result> {
    const before = this.#turn;
    const turn = Promise.withResolvers<void>();
    this.#turn = turn.promise;
    await before;
    await this.#rest();
    const startMs = this.#timers.nowMs();
    try {
      return act();
    } finally {
      this.spent(this.#timers.nowMs() - startMs);
      turn.resolve();
    }
  }

  /** Counts work outside of slices, such as reads: they may hang, and must not keep other jobs from their turns. */
  spent(tookMs: number): void {
    this.#restUntilMs = Math.max(this.#restUntilMs, this.#timers.nowMs()) + tookMs * restFactor;
  }

  #rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const restMs = this.#restUntilMs - this.#timers.nowMs();
    this.#timers.setTimeout(resolve, Math.max(0, Math.ceil(restMs)));
    return promise;
  }
}
