// Two series of times, and whether they differ: the rank test of Mann and Whitney (1947), which does not care how times are distributed.

export interface Compared {
  /** Medians. */
  readonly knownMs: number;
  readonly unknownMs: number;
  /** In standard deviations of what chance gives; positive when known users take longer. */
  readonly z: number;
}

export class Comparison {
  readonly #known: number[] = [];
  readonly #unknown: number[] = [];

  add(isKnown: boolean, ms: number): void {
    (isKnown ? this.#known : this.#unknown).push(ms);
  }

  result(): Compared {
    const [one, two] = [this.#known, this.#unknown];
    const all = [...one.map((ms) => ({ ms, isKnown: true })), ...two.map((ms) => ({ ms, isKnown: false }))];
    all.sort((a, b) => a.ms - b.ms);
    let rankSum = 0;
    let ties = 0;
    for (let from = 0; from < all.length;) {
      let to = from;
      while (to < all.length && all[to]?.ms === all[from]?.ms) to++;
      // Equal times share the mean of their ranks.
      const rank = (from + 1 + to) / 2;
      for (let at = from; at < to; at++) if (all[at]?.isKnown === true) rankSum += rank;
      ties += (to - from) ** 3 - (to - from);
      from = to;
    }
    const count = all.length;
    const u = rankSum - (one.length * (one.length + 1)) / 2;
    const mean = (one.length * two.length) / 2;
    const variance = ((one.length * two.length) / 12) * (count + 1 - ties / (count * (count - 1)));
    return {
      knownMs: median(one),
      unknownMs: median(two),
      z: variance === 0 ? 0 : (u - mean) / Math.sqrt(variance),
    };
  }
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}
