// Counters of what Sluice does. All parts add to them, and no decision reads them. `sluice status` shows them.

/** Where counters are added up. */
export interface Stats {
  /** Adds to a counter. */
  count(key: string, n?: number): void;
}

/** All numbers at one moment; plain data. */
export interface StatsSnapshot {
  readonly counters: Readonly<Record<string, number>>;
}

/** Keeps the numbers in memory. Memory grows with the number of different keys only. */
export class MemoryStats implements Stats {
  readonly #counters = new Map<string, number>();

  count(key: string, n = 1): void {
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + n);
  }

  /** The numbers so far, keys in order. */
  snapshot(): StatsSnapshot {
    const inOrder = [...this.#counters].sort(([a], [b]) => (a < b ? -1 : 1));
    return { counters: Object.fromEntries(inOrder) };
  }
}
