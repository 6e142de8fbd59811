// Timers, turns of the event loop and their clock, as a port. Code that waits gets it as a parameter, so that a simulation
// decides when a wait is over, and ends all waits of a process that it kills.

/** A running timer. */
export interface Timer {
  /** The timer does not keep the process alive. */
  unref(): Timer;
}

/** As in Node, without arguments for the callback. */
export interface Timers {
  /** A monotonic clock, in ms. */
  readonly nowMs: () => number;
  setTimeout(act: () => void, delayMs: number): Timer;
  setInterval(act: () => void, everyMs: number): Timer;
  /** Ends a timer of either kind; does nothing when it is undefined or over. */
  clear(timer: Timer | undefined): void;
  /** Calls back in the next turn of the event loop. */
  setImmediate(act: () => void): void;
}

/** The process's own. The globals are looked up at each call: tests replace them. */
export const nodeTimers: Timers = {
  nowMs: () => performance.now(),
  setTimeout: (act, delayMs) => setTimeout(act, delayMs),
  setInterval: (act, everyMs) => setInterval(act, everyMs),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  setImmediate: (act) => void setImmediate(act),
};

/** Resolves in the next turn of the event loop. */
export function nextTurn(timers: Timers): Promise<void> {
  return new Promise((resolve) => timers.setImmediate(resolve));
}
