// Counts of keys in the last so many milliseconds, in bounded memory. Pure.
//
// Two windows follow each other, and the older one counts for the part of it that is not over (a sliding window of two buckets). Of a window no
// more than `most` keys are kept: when there is no place for another one, all counts are lowered by one and those at 0 go (Misra and Gries,
// "Finding repeated elements", 1982). So a key is never counted too high, and too low by 1/`most` of all that was counted at most: what
// comes in masses is found, however many other keys there are.

export class WindowCounts {
  readonly #perMs: number;
  readonly #most: number;
  #startMs = -Infinity;
  #current = new Map<string, number>();
  #previous: ReadonlyMap<string, number> = new Map();

  constructor(perMs: number, most: number) {
    this.#perMs = perMs;
    this.#most = most;
  }

  add(key: string, times: number, nowMs: number): void {
    this.#turn(nowMs);
    const counts = this.#current;
    let left = times;
    while (left > 0 && !counts.has(key) && counts.size >= this.#most) {
      // Lowers all by what the least has, or by what is left: as so many steps of one.
      let least = left;
      for (const count of counts.values()) least = Math.min(least, count);
      for (const [each, count] of counts) {
        if (count === least) counts.delete(each);
        else counts.set(each, count - least);
      }
      left -= least;
    }
    if (left > 0) counts.set(key, (counts.get(key) ?? 0) + left);
  }

  /** How often in the last `perMs`. */
  of(key: string, nowMs: number): number {
    this.#turn(nowMs);
    const share = Math.max(0, 1 - (nowMs - this.#startMs) / this.#perMs);
    return (this.#current.get(key) ?? 0) + (this.#previous.get(key) ?? 0) * share;
  }

  /** Keys that are kept. */
  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  #turn(nowMs: number): void {
    const sinceMs = nowMs - this.#startMs;
    if (sinceMs < this.#perMs) return;
    this.#previous = sinceMs < 2 * this.#perMs ? this.#current : new Map();
    this.#current = new Map();
    // Windows follow each other without a gap, or one begins anew.
    this.#startMs = sinceMs < 2 * this.#perMs ? this.#startMs + this.#perMs : nowMs;
  }
}
