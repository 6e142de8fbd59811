// Counts the content that all sessions of a receiver together hold in memory, so that it stays bounded.

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

  /** More than half is used: sessions write content to disk early instead of gathering it. */
  get scarce(): boolean {
    return this.#usedBytes > this.#limitBytes / 2;
  }

  /** All of it is used: new transactions are answered 452. */
  get exhausted(): boolean {
    return this.#usedBytes > this.#limitBytes;
  }
}
