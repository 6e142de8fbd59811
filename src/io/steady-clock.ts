// Steady time: it advances with the monotonic clock alone, so that nothing that waits for an interval is misled when the
// system's clock is set. It begins as the date, and goes on over a restart by what `Timeline` remembers. Small changes of
// the clock are followed at once; a step of more than an hour is believed only after the clock has kept to it for a while.

import { Timeline, type Stretch } from './timeline.ts';

/** A larger difference than this between the two clocks is a step. */
export const stepMs = 3_600_000;
/** So little lies between the readings of two clocks, however well they run. */
const jitterMs = 100;
/** Less than this between two looks is drift: no stretch of its own. */
const driftMs = 1_000;
/** A step is believed when the clock has kept to it for this long. */
export const confirmMs = 600_000;

/** What was noticed about the system's clock. `byMs`: how far it went, negative: back. */
export type ClockChange =
  /** It was set by more than an hour; dates are still written as if it had not been. */
  | { readonly kind: 'stepped'; readonly byMs: number }
  /** It kept to the step: dates follow it from now on. */
  | { readonly kind: 'confirmed'; readonly byMs: number }
  /** It is back where it was before the step. */
  | { readonly kind: 'returned'; readonly byMs: number };

/** The clock at the start against the last date that was seen before. */
export interface ClockStart {
  /** Unix ms; undefined: nobody has seen a date before. */
  readonly lastSeenMs: number | undefined;
  /** How far the date is ahead of it; negative: behind. If `isMeasured`, the time that has really passed. */
  readonly byMs: number;
  /** The monotonic clock has told how much time has passed, so the date need not be believed. */
  readonly isMeasured: boolean;
}

/** What a start on the same boot of the machine goes on from. */
export interface ClockRun {
  /** Two readings of the same moment. */
  readonly monotonicMs: number;
  readonly steadyMs: number;
  /** A step that was not believed yet; the last of the stretches is its. */
  readonly step?: Step | undefined;
}

export interface SteadyClockOptions {
  /** What was remembered; none: time begins now. */
  readonly stretches?: readonly Stretch[];
  /** Where the monotonic clock was, if it has gone on since: only on the same boot of the machine. */
  readonly run?: ClockRun | undefined;
  /** Ms on a clock that nobody sets. */
  readonly monotonic?: () => number;
  /** The date, Unix ms. */
  readonly date?: () => number;
}

/** Times are steady. */
export interface Step {
  /** When it was noticed. */
  readonly sinceMs: number;
  /** Dates have this shift since then, at the earliest. */
  readonly fromMs: number;
  readonly shiftMs: number;
}

/** What those need who live in steady time and meet dates. */
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
  /** Steady time of the last look at both clocks: a step came after it. */
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
      const steadyMs = this.#goOn(run.steadyMs, elapsedMs);
      this.#baseMs = steadyMs - run.monotonicMs - elapsedMs;
      return;
    }
    this.#timeline = new Timeline(stretches, nowMs);
    const byMs = nowMs - this.#timeline.lastMs;
    const lastSeenMs = stretches.length === 0 ? undefined : this.#timeline.lastMs;
    this.start = { lastSeenMs, byMs, isMeasured: false };
    this.#observedMs = this.#begin(nowMs, byMs);
    this.#baseMs = this.#observedMs - monotonic();
  }

  /**
   * Scheduler time: Unix ms that no setting of the clock moves. Whole numbers that never go back.
   * An arrow function, so that it can be handed on.
   */
  readonly nowMs = (): number => Math.floor(this.#baseMs + this.#monotonic());

  /** The date, Unix ms, without steps that are not believed (yet). Good for ends that people were told. */
  readonly dateMs = (): number => this.dateOf(this.nowMs());

  /** The date that the system's clock shows, Unix ms, right or wrong: what other processes write down at this moment. */
  readonly systemMs = (): number => this.#date();

  /** What has to be added to steady time for a date. */
  get shiftMs(): number {
    return this.#timeline.shiftMs;
  }

  /**
   * What has to be added to steady time for a date as the system's clock shows it at this moment, believed or not: for
   * people, who compare it with that clock.
   */
  get shownShiftMs(): number {
    const shiftMs = this.#date() - this.nowMs();
    return Math.abs(shiftMs - this.shiftMs) > stepMs ? shiftMs : this.shiftMs;
  }

  /** A date for people; see `shownShiftMs`. */
  shownOf(steadyMs: number): number {
    return steadyMs + this.shownShiftMs;
  }

  /** To be kept with `stretches`, for a start on the same boot of the machine. */
  get run(): ClockRun {
    return {
      monotonicMs: this.#monotonic(),
      steadyMs: this.nowMs(),
      ...(this.#step !== undefined && { step: this.#step }),
    };
  }

  /** To be kept for the next start. With a step in doubt: a start under the clock that it left believes it. */
  get stretches(): readonly Stretch[] {
    const { stretches } = this.#timeline;
    if (this.#step === undefined) return stretches;
    const { fromMs, shiftMs } = this.#step;
    return [...stretches, { fromMs: fromMs + shiftMs, toMs: this.nowMs() + shiftMs, shiftMs }];
  }

  /** How far the step went that is in doubt; undefined: none is. */
  get doubtMs(): number | undefined {
    return this.#step === undefined ? undefined : this.#step.shiftMs - this.#timeline.shiftMs;
  }

  /** Did the clock step, and is it not known yet whether it will keep to it? */
  get isInDoubt(): boolean {
    return this.#step !== undefined;
  }

  dateOf(steadyMs: number): number {
    return this.#timeline.dateOf(steadyMs);
  }

  /** See `Timeline.steadyOf`. Dates may have been written under a step that is in doubt, too. */
  steadyOf(dateMs: number): number {
    const steadyMs = this.#timeline.steadyOf(dateMs);
    if (this.#step === undefined) return steadyMs;
    const underStepMs = dateMs - this.#step.shiftMs;
    if (underStepMs < this.#step.fromMs || underStepMs > this.nowMs()) return steadyMs;
    return this.#timeline.hasSeen(dateMs) ? Math.max(steadyMs, underStepMs) : underStepMs;
  }

  /**
   * The steady time of a date that another process has just written down: it knows the system's clock only, which may be
   * wrong at this moment. What is not of the last hour counts as now.
   */
  receivedMs(dateMs: number): number {
    const ageMs = this.#date() - dateMs;
    return this.nowMs() - (ageMs >= 0 && ageMs <= stepMs ? ageMs : 0);
  }

  /** Compares the two clocks; call it every few seconds. */
  observe(): ClockChange | undefined {
    const steadyMs = this.nowMs();
    const change = this.#compare(steadyMs, this.#date());
    this.#observedMs = steadyMs;
    return change;
  }

  /** Believes a step at once, as if the clock had kept to it for long enough; undefined when there is none in doubt. */
  confirm(): ClockChange | undefined {
    this.observe();
    if (this.#step === undefined) return undefined;
    return this.#believe(this.#step, this.#date());
  }

  #compare(steadyMs: number, dateMs: number): ClockChange | undefined {
    const shiftMs = dateMs - steadyMs;
    const byMs = shiftMs - this.#timeline.shiftMs;
    if (Math.abs(byMs) <= stepMs) return this.#followed(steadyMs, dateMs, byMs);
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
    this.#timeline.begin(fromMs + shiftMs, dateMs, shiftMs);
    this.#step = undefined;
    return { kind: 'confirmed', byMs };
  }

  /** No step, or none any more. */
  #followed(steadyMs: number, dateMs: number, byMs: number): ClockChange | undefined {
    const shiftMs = dateMs - steadyMs;
    const step = this.#step;
    if (step !== undefined) {
      const wentMs = step.shiftMs - this.#timeline.shiftMs;
      this.#endStretch(steadyMs);
      this.#timeline.goOn(dateMs, shiftMs);
      return { kind: 'returned', byMs: wentMs };
    }
    if (Math.abs(byMs) < jitterMs) this.#timeline.goOn(dateMs);
    else if (Math.abs(byMs) < driftMs) this.#timeline.goOn(dateMs, shiftMs);
    else {
      this.#endStretch(steadyMs);
      this.#timeline.begin(this.#observedMs + shiftMs, dateMs, shiftMs);
    }
    return undefined;
  }

  /** The clock was set since the last look: until now, dates may have been those of before. Ends a step in doubt, too. */
  #endStretch(steadyMs: number): void {
    const step = this.#step;
    const { shiftMs } = this.#timeline;
    if (step === undefined) {
      this.#timeline.goOn(steadyMs + shiftMs);
      return;
    }
    // Mail that came in meanwhile has dates of the step: they are known for what they were.
    this.#timeline.begin(step.fromMs + step.shiftMs, steadyMs + step.shiftMs, step.shiftMs);
    this.#timeline.begin(this.#observedMs + shiftMs, steadyMs + shiftMs, shiftMs);
    this.#step = undefined;
  }

  /**
   * Steady time at a start that knows how much time has passed: of it, an hour at most counts, dates go on by all of it. What
   * the date says now is for the next look.
   */
  #goOn(seenMs: number, elapsedMs: number): number {
    const steadyMs = seenMs + Math.min(elapsedMs, stepMs);
    const skippedMs = Math.round(elapsedMs - Math.min(elapsedMs, stepMs));
    if (skippedMs === 0) return steadyMs;
    const step = this.#step;
    const shiftMs = this.#timeline.shiftMs + skippedMs;
    this.#endStretch(seenMs);
    this.#timeline.begin(steadyMs + shiftMs, steadyMs + shiftMs, shiftMs);
    this.#observedMs = steadyMs;
    if (step !== undefined) {
      this.#step = { sinceMs: step.sinceMs, fromMs: steadyMs, shiftMs: step.shiftMs + skippedMs };
    }
    return steadyMs;
  }

  /** Steady time at the start. Of the time in which nobody looked, at most an hour has passed. */
  #begin(dateMs: number, byMs: number): number {
    const timeline = this.#timeline;
    const seenMs = timeline.lastMs - timeline.shiftMs;
    if (byMs >= 0 && byMs <= stepMs) {
      timeline.goOn(dateMs);
      return dateMs - timeline.shiftMs;
    }
    const steadyMs = byMs > 0 ? seenMs + stepMs : seenMs;
    timeline.begin(dateMs, dateMs, dateMs - steadyMs);
    return steadyMs;
  }
}
