// A limited number of places for work under way, and a bounded queue for them, first come, first served.

export class Places {
  #free: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number, mostWaiting: number) {
    this.#free = count;
    this.#mostWaiting = mostWaiting;
  }

  /** Resolves to true when a place was taken, which has to be freed; to false when too many wait already. */
  async take(): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      return true;
    }
    if (this.#waiting.length >= this.#mostWaiting) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  /** Frees a place: whoever has waited longest gets it. */
  free(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
