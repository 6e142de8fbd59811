// What the processes of Sluice have counted, over all that have run since its start. Promises: a sum never gets smaller, whichever process
// is started again; what a process has told twice is counted once.

/** By name, each since the start of the process; they only grow. */
export type Counts = Readonly<Record<string, number>>;

/** The sums of each role, by name. */
export type RoleTotals = Readonly<Record<string, Counts>>;

/** Processes that have ended and are remembered, for messages of theirs that are still on their way. */
const mostEnded = 64;

export class Totals {
  readonly #sums = new Map<string, Map<string, number>>();
  /** What each process has told last, by its serial. */
  readonly #last = new Map<number, Counts>();
  readonly #ended: number[] = [];

  /** A process tells all its counts so far. */
  told(role: string, serial: number, counts: Counts): void {
    const sums = this.#sums.get(role) ?? new Map<string, number>();
    this.#sums.set(role, sums);
    const last = this.#last.get(serial) ?? {};
    for (const [name, count] of Object.entries(counts))
      sums.set(name, (sums.get(name) ?? 0) + count - (last[name] ?? 0));
    this.#last.set(serial, counts);
  }

  ended(serial: number): void {
    this.#ended.push(serial);
    if (this.#ended.length <= mostEnded) return;
    const forgotten = this.#ended.shift();
    if (forgotten !== undefined) this.#last.delete(forgotten);
  }

  get all(): RoleTotals {
    return Object.fromEntries([...this.#sums].map(([role, sums]) => [role, Object.fromEntries(sums)]));
  }
}
