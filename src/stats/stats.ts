// Numbers about what Sluice does: pushed by everyone, read by no decision. `sluice status` shows them.

/** Where numbers are pushed to. Keys are dynamic, e.g. `receive.accepted` or `deliver.delivered.example.com`. */
export interface Stats {
  /** Adds to a counter. */
  count(key: string, n?: number): void;
  /** Says how much there is now. */
  gauge(key: string, value: number): void;
  /** Says how long something took, in milliseconds. */
  time(key: string, ms: number): void;
}

/** Several timings of one key. */
export interface Timing {
  readonly count: number;
  readonly totalMs: number;
  readonly maxMs: number;
}

/** All numbers at one moment; plain data. */
export interface StatsSnapshot {
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
  readonly timings: Readonly<Record<string, Timing>>;
}

/** Keeps the numbers in memory. Memory grows with the number of different keys only. */
export class MemoryStats implements Stats {
  readonly #counters = new Map<string, number>();
  readonly #gauges = new Map<string, number>();
  readonly #timings = new Map<string, { count: number; totalMs: number; maxMs: number }>();

  count(key: string, n = 1): void {
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + n);
  }

  gauge(key: string, value: number): void {
    this.#gauges.set(key, value);
  }

  time(key: string, ms: number): void {
    const timing = this.#timings.get(key);
    if (timing === undefined) {
      this.#timings.set(key, { count: 1, totalMs: ms, maxMs: ms });
      return;
    }
    timing.count++;
    timing.totalMs += ms;
    if (ms > timing.maxMs) timing.maxMs = ms;
  }

  /** The numbers so far, keys in order. */
  snapshot(): StatsSnapshot {
    return {
      counters: inOrder(this.#counters, (n) => n),
      gauges: inOrder(this.#gauges, (value) => value),
      timings: inOrder(this.#timings, (timing) => ({ ...timing })),
    };
  }
}

function inOrder<Value, Shown>(
  map: ReadonlyMap<string, Value>,
  show: (value: Value) => Shown,
): Record<string, Shown> {
  return Object.fromEntries(
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, show(value)]),
  );
}
