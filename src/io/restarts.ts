// When a thread or a program that has ended is started again. The first time at once, then after a second, and after twice as long each time.

import type { Timer, Timers } from './timers.ts';

const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
/** Who has run for so long counts as well again. */
const wellAfterMs = 60_000;

export class Restarts {
  readonly #timers: Timers;
  readonly #start: () => void;
  #timer: Timer | undefined;
  #failures = 0;
  #readyAtMs: number | undefined;
  #hasFailedSetup = false;

  constructor(timers: Timers, start: () => void) {
    this.#timers = timers;
    this.#start = start;
  }

  /** Whether it could not be set up, the last time. */
  get hasFailedSetup(): boolean {
    return this.#hasFailedSetup;
  }

  /** Another one is started: what became of the one before says nothing of it. */
  forget(): void {
    this.stop();
    this.#failures = 0;
    this.#readyAtMs = undefined;
    this.#hasFailedSetup = false;
  }

  /** It is set up. */
  ready(): void {
    this.#readyAtMs = this.#timers.nowMs();
    this.#hasFailedSetup = false;
  }

  /** It has ended, and is started after this time. @returns ms; 0: the caller starts it now */
  ended(): number {
    const ranMs = this.#timers.nowMs() - (this.#readyAtMs ?? Infinity);
    if (ranMs >= wellAfterMs) this.#failures = 0;
    return this.#wait(this.#failures === 0 ? 0 : this.#waitMs);
  }

  /** It could not be set up, which is tried again after this time. @returns ms */
  unusable(): number {
    this.#hasFailedSetup = true;
    return this.#wait(this.#waitMs);
  }

  /** Whoever starts it now has not to wait. */
  stop(): void {
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
  }

  get #waitMs(): number {
    return Math.min(longestWaitMs, firstWaitMs * 2 ** Math.max(0, this.#failures - 1));
  }

  #wait(ms: number): number {
    this.stop();
    this.#failures++;
    if (ms > 0) this.#timer = this.#timers.setTimeout(this.#start, ms).unref();
    return ms;
  }
}
