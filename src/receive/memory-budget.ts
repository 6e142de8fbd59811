// Content held in memory by all sessions of a receiver together: a bound, however many clients there are.

export class MemoryBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  take(bytes: number): void {
    this.#usedBytes += bytes;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Above half: sessions write content to disk early instead of gathering it. */
  get scarce(): boolean {
    return this.#usedBytes > this.#limitBytes / 2;
  }

  /** New transactions are put off with a 452. */
  get exhausted(): boolean {
    return this.#usedBytes > this.#limitBytes;
  }
}
