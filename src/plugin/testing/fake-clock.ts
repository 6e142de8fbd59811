// The clock of a plugin under test: time passes only when the test says so.

/** The clock of a test. */
export interface FakeClock {
  /** Ms since 1970. */
  now(): number;
  /** Lets time pass: timers of the plugin that come due are called, in their order, and what they begin is awaited. */
  advance(ms: number): Promise<void>;
}

interface Timer {
  dueMs: number;
  /** Undefined: once. */
  readonly everyMs: number | undefined;
  readonly act: () => void | Promise<void>;
}

export class TestClock implements FakeClock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.dueMs = this.#nowMs + next.everyMs;
      await next.act();
    }
    this.#nowMs = end;
  }

  /** @returns ends it */
  add(ms: number, isAgain: boolean, act: () => void | Promise<void>): () => void {
    // As with the timers of Node, the shortest time is a millisecond: `advance` comes to an end.
    const waitMs = Math.max(1, ms);
    const timer = { dueMs: this.#nowMs + waitMs, everyMs: isAgain ? waitMs : undefined, act };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #nextUntil(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= end && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}
