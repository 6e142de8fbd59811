// Converts between dates and steady time. The system's clock may be set forward or back, and a machine may be off for weeks:
// each stretch in which the clock ran evenly has its own shift between the two. Pure arithmetic, and small enough to be kept
// in a file, so that dates in the spool mean the same after a restart.

/** Dates from `fromMs` to `toMs` were written while steady time was the date less `shiftMs`. */
export interface Stretch {
  /** Unix ms. */
  readonly fromMs: number;
  /** Unix ms: the last date that was seen. */
  readonly toMs: number;
  readonly shiftMs: number;
}

/** Older stretches are forgotten; a date from one of them is converted by the oldest that is left. */
const mostStretches = 50;

export class Timeline {
  /** Oldest first; never empty. The last one is the present one. */
  #stretches: Stretch[];

  constructor(stretches: readonly [Stretch, ...Stretch[]] | readonly Stretch[], nowMs: number) {
    this.#stretches = stretches.length > 0 ? [...stretches] : [{ fromMs: nowMs, toMs: nowMs, shiftMs: 0 }];
  }

  get stretches(): readonly Stretch[] {
    return this.#stretches;
  }

  /** The present date less steady time. */
  get shiftMs(): number {
    return this.#last.shiftMs;
  }

  /** The last date that was seen. */
  get lastMs(): number {
    return this.#last.toMs;
  }

  /** The date that a steady time has, or will have if the clock goes on as it does. */
  dateOf(steadyMs: number): number {
    return steadyMs + this.shiftMs;
  }

  /**
   * The steady time of a date that was recorded on this host. If several stretches contain the date, the result is the latest
   * possible time, so that no mail seems older than it is. A date that the clock jumped over becomes the moment of the jump; a
   * future date is converted by the stretch that reached farthest.
   */
  steadyOf(dateMs: number): number {
    let seenMs = -Infinity;
    let farthest = this.#last;
    let next: Stretch | undefined;
    let isBefore = true;
    for (const stretch of this.#stretches) {
      const { fromMs, toMs, shiftMs } = stretch;
      if (fromMs <= dateMs) isBefore = false;
      else if (next === undefined || fromMs < next.fromMs) next = stretch;
      if (fromMs <= dateMs && dateMs <= toMs) seenMs = Math.max(seenMs, dateMs - shiftMs);
      if (toMs > farthest.toMs) farthest = stretch;
    }
    if (seenMs !== -Infinity) return seenMs;
    if (next === undefined) return dateMs - farthest.shiftMs;
    return isBefore ? dateMs - this.#oldestShiftMs : next.fromMs - next.shiftMs;
  }

  /** Whether the clock has shown this date. */
  hasSeen(dateMs: number): boolean {
    return this.#stretches.some(({ fromMs, toMs }) => fromMs <= dateMs && dateMs <= toMs);
  }

  /** Extends the present stretch to this date; a `shiftMs` corrects its shift by a small difference. */
  extend(dateMs: number, shiftMs = this.shiftMs): void {
    const { fromMs, toMs } = this.#last;
    this.#stretches[this.#stretches.length - 1] = { fromMs, toMs: Math.max(toMs, dateMs), shiftMs };
  }

  /** The clock was set: adds a stretch with another shift. */
  addStretch(fromMs: number, toMs: number, shiftMs: number): void {
    this.#stretches.push({ fromMs, toMs, shiftMs });
    if (this.#stretches.length > mostStretches) this.#stretches.shift();
  }

  get #last(): Stretch {
    return this.#stretches[this.#stretches.length - 1] as Stretch;
  }

  get #oldestShiftMs(): number {
    return (this.#stretches[0] as Stretch).shiftMs;
  }
}
