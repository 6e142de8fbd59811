// How long something took, as a histogram: how many fell below each bound, and their sum.

/** Upper bounds in seconds, from what people do not notice to the days of a retry. */
export const timeBounds = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 432_000] as const;

export class TimeCounts {
  /** How many were in each interval; the last one has no upper bound. */
  readonly #counts = new Float64Array(timeBounds.length + 1);
  #sum = 0;

  /** @param seconds - negative ones, of a clock that was set back, count as 0 */
  add(seconds: number, times = 1): void {
    const bound = timeBounds.findIndex((each) => seconds <= each);
    const interval = bound === -1 ? timeBounds.length : bound;
    this.#counts[interval] = (this.#counts[interval] ?? 0) + times;
    this.#sum += Math.max(0, seconds) * times;
  }

  /**
   * Numbers that only grow, by name: `NAME BOUND` is how many were at most that long, and longer than the bound before; `NAME more`
   * how many were longer than all bounds; `NAME sum` all of them together, in seconds. Without any, it is empty.
   */
  counts(name: string): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const [interval, count] of this.#counts.entries())
      if (count > 0) counts[`${name} ${timeBounds[interval] ?? 'more'}`] = count;
    if (Object.keys(counts).length > 0) counts[`${name} sum`] = this.#sum;
    return counts;
  }
}
