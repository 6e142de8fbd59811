// Steady time advances with the monotonic clock only, so that a change of the system's clock does not disturb what waits for
// an interval. It begins as the date, and continues over a restart by what `Timeline` remembers. Dates follow small changes
// of the clock at once; they follow a step of more than an hour only after the clock has kept to it for a while.

import { Timeline, type Stretch } from './timeline.ts';

/** A larger difference than this between the two clocks is a step. */
export const stepMs = 3_600_000;
/** A difference below this is noise: the two clocks are read one after the other. */
const jitterMs = 100;
/** A difference below this between two observations is drift, which begins no stretch of its own. */
const driftMs = 1_000;
/** A step is believed when the clock has kept to it for this long. */
export const confirmMs = 600_000;

/** What was noticed about the system's clock. `byMs` is the size of the step; negative: back. */
export type ClockChange =
  /** It was set by more than an hour; dates are still written as if it had not been. */
  | { readonly kind: 'stepped'; readonly byMs: number }
  /** It kept to the step: dates follow it from now on. */
  | { readonly kind: 'confirmed'; readonly byMs: number }
  /** It is back where it was before the step. */
  | { readonly kind: 'returned'; readonly byMs: number };

/** How the clock at the start differs from the last date that was seen before. */
export interface ClockStart {
  /** Unix ms; undefined: no date was seen before. */
  readonly lastSeenMs: number | undefined;
  /** How far the date is ahead of it; negative: behind. If `isMeasured`, the time that has really passed. */
  readonly byMs: number;
  /** The passed time is known from the monotonic clock, not from the date. */
  readonly isMeasured: boolean;
}

/** The state from which a start on the same boot of the machine continues. */
export interface ClockRun {
  /** Two readings of the same moment. */
  readonly monotonicMs: number;
  readonly steadyMs: number;
  /** A step that was not believed yet; the last stretch belongs to it. */
  readonly step?: Step | undefined;
}

export interface SteadyClockOptions {
  /** The stretches that were remembered; none: time begins now. */
  readonly stretches?: readonly Stretch[];
  /** Where the monotonic clock was; only if it has run on since, on the same boot of the machine. */
  readonly run?: ClockRun | undefined;
  /** The monotonic clock, in ms. */
  readonly monotonic?: () => number;
  /** The date, Unix ms. */
  readonly date?: () => number;
}

/** A step of the system's clock. `sinceMs` and `fromMs` are steady time. */
export interface Step {
  /** When it was noticed. */
  readonly sinceMs: number;
  /** Dates have had this shift since then at the earliest. */
  readonly fromMs: number;
  readonly shiftMs: number;
}

/** The part of the clock for code that works in steady time and converts dates. */
export type DatedClock = Pick<
  SteadyClock,
  | 'nowMs'
  | 'dateMs'
  | 'systemMs'
  | 'dateOf'
  | 'shownOf'
  | 'shiftMs'
  | 'shownShiftMs'
  | 'steadyOf'
  | 'receivedMs'
>;

export class SteadyClock {
  readonly start: ClockStart;
  readonly #monotonic: () => number;
  readonly #date: () => number;
  readonly #timeline: Timeline;
  /** Steady time less monotonic time. */
  readonly #baseMs: number;
  /** Steady time at which both clocks were last compared: a step that is noticed came after it. */
  #observedMs: number;
  /** A step that is not believed yet. */
  #step: Step | undefined;

  constructor({
    stretches = [],
    run,
    monotonic = () => performance.now(),
    date = Date.now,
  }: SteadyClockOptions = {}) {
    this.#monotonic = monotonic;
    this.#date = date;
    const nowMs = date();
    const elapsedMs = run === undefined ? -1 : monotonic() - run.monotonicMs;
    const believed = run?.step === undefined ? stretches : stretches.slice(0, -1);
    if (run !== undefined && elapsedMs >= 0 && believed.length > 0) {
      this.#timeline = new Timeline(believed, nowMs);
      this.start = { lastSeenMs: this.#timeline.lastMs, byMs: Math.round(elapsedMs), isMeasured: true };
      this.#observedMs = run.steadyMs;
      this.#step = run.step;
      const steadyMs = this.#continueRun(run.steadyMs, elapsedMs);
      this.#baseMs = steadyMs - run.monotonicMs - elapsedMs;
      return;
    }
    this.#timeline = new Timeline(stretches, nowMs);
    const byMs = nowMs - this.#timeline.lastMs;
    const lastSeenMs = stretches.length === 0 ? undefined : this.#timeline.lastMs;
    this.start = { lastSeenMs, byMs, isMeasured: false };
    this.#observedMs = this.#continueFromDate(nowMs, byMs);
    this.#baseMs = this.#observedMs - monotonic();
  }

  /**
   * Steady time: Unix ms that no change of the clock moves. Whole numbers that never decrease.
   * An arrow function, so that it can be passed on.
   */
  readonly nowMs = (): number => Math.floor(this.#baseMs + this.#monotonic());

  /** The date in Unix ms, without steps that are not believed (yet). For the ends of what operators have set. */
  readonly dateMs = (): number => this.dateOf(this.nowMs());

  /** The date in Unix ms as the system's clock shows it, right or wrong: other processes record this date now. */
  readonly systemMs = (): number => this.#date();

  /** Steady time plus this is the date. */
  get shiftMs(): number {
    return this.#timeline.shiftMs;
  }

  /**
   * Steady time plus this is the date as the system's clock shows it now, believed or not: for people, who compare it with
   * that clock.
   */
  get shownShiftMs(): number {
    const shiftMs = this.#date() - this.nowMs();
    return Math.abs(shiftMs - this.shiftMs) > stepMs ? shiftMs : this.shiftMs;
  }

  /** The date to show to people; see `shownShiftMs`. */
  shownOf(steadyMs: number): number {
    return steadyMs + this.shownShiftMs;
  }

  /** To be stored with `stretches`, for a start on the same boot of the machine. */
  get run(): ClockRun {
    return {
      monotonicMs: this.#monotonic(),
      steadyMs: this.nowMs(),
      ...(this.#step !== undefined && { step: this.#step }),
    };
  }

  /** To be stored for the next start. The stretch of a step in doubt is the last one: a start under that clock believes it. */
  get stretches(): readonly Stretch[] {
    const { stretches } = this.#timeline;
    if (this.#step === undefined) return stretches;
    const { fromMs, shiftMs } = this.#step;
    return [...stretches, { fromMs: fromMs + shiftMs, toMs: this.nowMs() + shiftMs, shiftMs }];
  }

  /** The size of the step that is in doubt; undefined: no step is. */
  get doubtMs(): number | undefined {
    return this.#step === undefined ? undefined : this.#step.shiftMs - this.#timeline.shiftMs;
  }

  /** Whether the clock has made a step that is not believed yet. */
  get isInDoubt(): boolean {
    return this.#step !== undefined;
  }

  dateOf(steadyMs: number): number {
    return this.#timeline.dateOf(steadyMs);
  }

  /** As `Timeline.steadyOf`; also for dates written under a step that is in doubt. */
  steadyOf(dateMs: number): number {
    const steadyMs = this.#timeline.steadyOf(dateMs);
    if (this.#step === undefined) return steadyMs;
    const underStepMs = dateMs - this.#step.shiftMs;
    if (underStepMs < this.#step.fromMs || underStepMs > this.nowMs()) return steadyMs;
    return this.#timeline.hasSeen(dateMs) ? Math.max(steadyMs, underStepMs) : underStepMs;
  }

  /**
   * The steady time of a date that another process has just recorded by the system's clock, which may be wrong at this moment.
   * A date that is not of the last hour counts as now.
   */
  receivedMs(dateMs: number): number {
    const ageMs = this.#date() - dateMs;
    return this.nowMs() - (ageMs >= 0 && ageMs <= stepMs ? ageMs : 0);
  }

  /** Whether the system's clock was set by more than an hour since the two clocks were last compared. */
  get hasStepped(): boolean {
    const knownMs = this.#step === undefined ? this.shiftMs : this.#step.shiftMs;
    return Math.abs(this.#date() - this.nowMs() - knownMs) > stepMs;
  }

  /** Compares the two clocks; call it every few seconds. */
  observe(): ClockChange | undefined {
    const steadyMs = this.nowMs();
    const change = this.#compare(steadyMs, this.#date());
    this.#observedMs = steadyMs;
    return change;
  }

  /** Believes a step at once, as if the clock had kept to it for long enough; undefined when no step is in doubt. */
  confirm(): ClockChange | undefined {
    this.observe();
    if (this.#step === undefined) return undefined;
    return this.#believe(this.#step, this.#date());
  }

  #compare(steadyMs: number, dateMs: number): ClockChange | undefined {
    const shiftMs = dateMs - steadyMs;
    const byMs = shiftMs - this.#timeline.shiftMs;
    if (Math.abs(byMs) <= stepMs) return this.#follow(steadyMs, dateMs, byMs);
    if (this.#step === undefined || Math.abs(shiftMs - this.#step.shiftMs) > stepMs) {
      this.#endStretch(steadyMs);
      this.#step = { sinceMs: steadyMs, fromMs: this.#observedMs, shiftMs };
      return { kind: 'stepped', byMs };
    }
    const { sinceMs, fromMs } = this.#step;
    if (Math.abs(shiftMs - this.#step.shiftMs) >= driftMs) {
      this.#endStretch(steadyMs);
      this.#step = { sinceMs, fromMs: this.#observedMs, shiftMs };
    } else {
      this.#step = { sinceMs, fromMs, shiftMs };
    }
    return steadyMs - sinceMs < confirmMs ? undefined : this.#believe(this.#step, dateMs);
  }

  #believe({ fromMs, shiftMs }: Step, dateMs: number): ClockChange {
    const byMs = shiftMs - this.#timeline.shiftMs;
    this.#timeline.addStretch(fromMs + shiftMs, dateMs, shiftMs);
    this.#step = undefined;
    return { kind: 'confirmed', byMs };
  }

  /** Handles a comparison without a step, or after the clock went back to where it was before one. */
  #follow(steadyMs: number, dateMs: number, byMs: number): ClockChange | undefined {
    const shiftMs = dateMs - steadyMs;
    const step = this.#step;
    if (step !== undefined) {
      const wentMs = step.shiftMs - this.#timeline.shiftMs;
      this.#endStretch(steadyMs);
      this.#timeline.extend(dateMs, shiftMs);
      return { kind: 'returned', byMs: wentMs };
    }
    if (Math.abs(byMs) < jitterMs) this.#timeline.extend(dateMs);
    else if (Math.abs(byMs) < driftMs) this.#timeline.extend(dateMs, shiftMs);
    else {
      this.#endStretch(steadyMs);
      this.#timeline.addStretch(this.#observedMs + shiftMs, dateMs, shiftMs);
    }
    return undefined;
  }

  /** The clock was set since the last comparison: dates of before are possible up to now. Also ends a step in doubt. */
  #endStretch(steadyMs: number): void {
    const step = this.#step;
    const { shiftMs } = this.#timeline;
    if (step === undefined) {
      this.#timeline.extend(steadyMs + shiftMs);
      return;
    }
    // Mail that came in meanwhile has dates of the step: this stretch converts them.
    this.#timeline.addStretch(step.fromMs + step.shiftMs, steadyMs + step.shiftMs, step.shiftMs);
    this.#timeline.addStretch(this.#observedMs + shiftMs, steadyMs + shiftMs, shiftMs);
    this.#step = undefined;
  }

  /**
   * Returns steady time at a start that knows the passed time from the monotonic clock. Of that time an hour at most counts for
   * steady time; dates advance by all of it. The system's date is compared at the next observation.
   */
  #continueRun(seenMs: number, elapsedMs: number): number {
    const steadyMs = seenMs + Math.min(elapsedMs, stepMs);
    const skippedMs = Math.round(elapsedMs - Math.min(elapsedMs, stepMs));
    if (skippedMs === 0) return steadyMs;
    const step = this.#step;
    const shiftMs = this.#timeline.shiftMs + skippedMs;
    this.#endStretch(seenMs);
    this.#timeline.addStretch(steadyMs + shiftMs, steadyMs + shiftMs, shiftMs);
    this.#observedMs = steadyMs;
    if (step !== undefined) {
      this.#step = { sinceMs: step.sinceMs, fromMs: steadyMs, shiftMs: step.shiftMs + skippedMs };
    }
    return steadyMs;
  }

  /** Returns steady time at a start that knows only the date. Of the time since the last date an hour at most counts. */
  #continueFromDate(dateMs: number, byMs: number): number {
    const timeline = this.#timeline;
    const seenMs = timeline.lastMs - timeline.shiftMs;
    if (byMs >= 0 && byMs <= stepMs) {
      timeline.extend(dateMs);
      return dateMs - timeline.shiftMs;
    }
    const steadyMs = byMs > 0 ? seenMs + stepMs : seenMs;
    timeline.addStretch(dateMs, dateMs, dateMs - steadyMs);
    return steadyMs;
  }
}
