// How long one slice of a job may work: some ms, and so many messages where no time passes.

import type { Timers } from '../../io/timers.ts';

const sliceMs = 3;
const mostMessages = 1_000;

export class Slice {
  readonly #timers: Timers;
  readonly #endMs: number;
  #messages = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
    this.#endMs = timers.nowMs() + sliceMs;
  }

  /** To be asked before each message. */
  isOver(): boolean {
    this.#messages++;
    return this.#messages > mostMessages || this.#timers.nowMs() >= this.#endMs;
  }
}
