// Which central server is tried, pure: in order or by weight, and without those that rest because they could not be reached. A server
// rests for a second, twice as long after each failure in a row, and half a minute at most; then it is probed.

const firstRestMs = 1000;
const longestRestMs = 30_000;

interface Rest {
  readonly failures: number;
  readonly untilMs: number;
}

export class ServerChoice {
  readonly #count: number;
  readonly #weights: readonly number[] | undefined;
  readonly #rests = new Map<number, Rest>();

  /** @param weights - as many as servers; undefined: in order */
  constructor(count: number, weights?: readonly number[]) {
    this.#count = count;
    this.#weights = weights;
  }

  /** The numbers of the servers, in the order in which they are to be tried. @param random - in [0, 1) */
  candidates(random: () => number): number[] {
    const all = Array.from({ length: this.#count }, (_, index) => index);
    const able = all.filter((index) => !this.#rests.has(index));
    const weights = this.#weights;
    if (weights === undefined || able.length < 2) return able;
    // Efraimidis and Spirakis 2006: in the order of these keys, each place is drawn by weight among those that are left.
    const keys = new Map(able.map((index) => [index, (1 - random()) ** (1 / (weights[index] ?? 1))]));
    return able.toSorted((one, other) => (keys.get(other) ?? 0) - (keys.get(one) ?? 0));
  }

  /** No server is to be tried: each rests. */
  get areAllResting(): boolean {
    return this.#rests.size === this.#count;
  }

  /** It could not be reached. @returns ms until it is to be probed; undefined when it rests already */
  failed(index: number, nowMs: number): number | undefined {
    const known = this.#rests.get(index);
    if (known !== undefined && nowMs < known.untilMs) return undefined;
    const failures = (known?.failures ?? 0) + 1;
    const restMs = Math.min(longestRestMs, firstRestMs * 2 ** Math.min(failures - 1, 10));
    this.#rests.set(index, { failures, untilMs: nowMs + restMs });
    return restMs;
  }

  /** It was reached. @returns whether it has rested */
  worked(index: number): boolean {
    return this.#rests.delete(index);
  }
}
