// Timers, turns of the event loop and the clock that they go by, as a port: whoever waits is handed these, so that a
// simulation decides when a wait is over, and ends all waits of a process that it kills.

/** A timer that is set. */
export interface Timer {
  /** The process need not stay alive for it. */
  unref(): Timer;
}

/** As in Node, without arguments for the callback. */
export interface Timers {
  /** Ms on a clock that nobody sets. */
  readonly nowMs: () => number;
  setTimeout(act: () => void, delayMs: number): Timer;
  setInterval(act: () => void, everyMs: number): Timer;
  /** Ends a timer of either kind; nothing happens when it is over, or undefined. */
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
