// Timers on virtual time: the code under test waits for days, and the test for nothing. Several may share one clock, so that
// each part of a simulated house has its own, and `stop` takes away everything that a part still waits for, as a crash does.

import type { Timer, Timers } from '../src/io/timers.ts';
import { VirtualClock } from '../src/simulate/virtual-clock.ts';

class VirtualTimer implements Timer {
  isSet = true;

  unref(): this {
    return this;
  }
}

export class VirtualTimers implements Timers {
  readonly clock: VirtualClock;
  #isStopped = false;

  constructor(clock: VirtualClock = new VirtualClock(0)) {
    this.clock = clock;
  }

  readonly nowMs = (): number => this.clock.nowMs;

  setTimeout(act: () => void, delayMs: number): Timer {
    const timer = new VirtualTimer();
    this.#arm(timer, delayMs, act);
    return timer;
  }

  setInterval(act: () => void, everyMs: number): Timer {
    const timer = new VirtualTimer();
    const next = (): void => {
      this.#arm(timer, everyMs, next);
      act();
    };
    this.#arm(timer, everyMs, next);
    return timer;
  }

  clear(timer: Timer | undefined): void {
    if (timer instanceof VirtualTimer) timer.isSet = false;
  }

  setImmediate(act: () => void): void {
    this.clock.at(this.clock.nowMs, () => {
      if (!this.#isStopped) act();
    });
  }

  /** Nothing that was asked for happens any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Lets time pass: does what falls due, and lets promises settle in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.nowMs + ms;
    await settled();
    while (this.clock.step(endMs)) await settled();
    this.clock.passTo(endMs);
  }

  #arm(timer: VirtualTimer, delayMs: number, act: () => void): void {
    // As in Node: a millisecond at least.
    this.clock.at(this.clock.nowMs + Math.max(delayMs, 1), () => {
      if (timer.isSet && !this.#isStopped) act();
    });
  }
}

/** Resolves when everything that waits for promises alone has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
