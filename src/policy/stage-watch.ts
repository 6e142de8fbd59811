// Watches the stages of a process: a stage that fails is a trouble until it works again, or has not failed for a minute. The log gets one line a
// minute for each stage and reason, and at most five for a stage, however often it fails. A stage that fails again and again rests, if it is one that may.

import type { Deadline, Deadlines } from '../io/deadlines.ts';
import type { Events } from '../log/events.ts';
import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { Member, Subject } from './decision.ts';
import type { Breaker, FailureAnswer, Point, Verdict } from './stage.ts';
import type { StageTallies, StageTally } from './stage-tally.ts';
import { testedAnswer } from './tested-stages.ts';

const quietMs = 60_000;

/** A stage may put what is different each time into its reason. */
const mostReasonsLogged = 5;

/** So often in a row has a stage to answer where it failed before it counts as mended; once after a rest. */
const answersWhenMended = 10;

export interface StageWatchParts {
  readonly deadlines: Deadlines;
  readonly log: Pick<Logger, 'error' | 'info'>;
  readonly troubles: Troubles;
  readonly events: Pick<Events, 'happened'>;
  readonly tallies: StageTallies;
}

/** What a pipeline asks and tells about its stages. */
export interface StageReports extends Pick<StageWatch, 'deadlines' | 'worked' | 'failed' | 'busy'> {
  isResting(member: Member, point: Point): boolean;
  /** A stage that is only tested has answered. */
  tested(member: Member, point: Point, subject: Subject, verdict: Verdict): void;
  /** Undefined: nothing is counted. */
  tallyOf(stage: string): StageTally | undefined;
}

/** What follows for mail from a failure, by the answer that is given instead. */
const consequence: Readonly<Record<FailureAnswer, string>> = {
  tempfail: 'clients are asked to try again later',
  continue: 'mail goes on without its answer',
  quarantine: 'mail is held',
  disconnect: 'clients are disconnected, to try again later',
};

/** What of a stage is told when it has failed. */
type Told = Pick<Member, 'stage' | 'onFailure' | 'breaker'>;

export class StageWatch {
  readonly #parts: StageWatchParts;
  readonly #failing = new Map<string, FailingStage>();

  constructor(parts: StageWatchParts) {
    this.#parts = parts;
  }

  /** The clock and timer of decisions that are not made at once. */
  get deadlines(): Deadlines {
    return this.#parts.deadlines;
  }

  /** Is it left alone now? When its rest is over, the one who asks first tries it, and the others wait for what comes of that. */
  isResting({ stage, breaker, timeLimitMs }: Member): boolean {
    if (breaker === undefined) return false;
    const { trialMs = timeLimitMs } = breaker;
    return this.#failing.get(stage)?.isResting(this.#parts.deadlines.nowMs, trialMs) === true;
  }

  /** Is it left alone at this moment? Nobody is let through to try it. */
  rests({ stage }: Pick<Member, 'stage'>): boolean {
    return this.#failing.get(stage)?.rests(this.#parts.deadlines.nowMs) === true;
  }

  tallyOf(stage: string): StageTally {
    return this.#parts.tallies.of(stage);
  }

  tested({ stage }: Pick<Member, 'stage'>, point: Point, subject: Subject, verdict: Verdict): void {
    const told = testedAnswer(stage, point, subject, verdict);
    if (told !== undefined) this.#parts.events.happened('tested', told);
  }

  /** A stage has answered. */
  worked({ stage }: Member, point: Point): void {
    if (this.#failing.size === 0) return;
    const failing = this.#failing.get(stage);
    if (failing === undefined) return;
    // At another point it may have had nothing to ask.
    if (failing.isMendedAt(point)) this.#parts.troubles.clear(`stage:${stage}`);
    if (failing.worked()) this.#parts.log.info(`stage "${stage}" answers again`);
  }

  /**
   * A stage has failed.
   * @param why - as a sentence without a full stop: `it threw an error: ...`
   */
  failed(told: Told, point: Point, why: string): void {
    const { stage, breaker } = told;
    const { log, deadlines } = this.#parts;
    const failing = this.#note(told, point, why);
    if (breaker !== undefined && failing.rest(deadlines.nowMs, breaker)) {
      const seconds = Math.round(breaker.restMs / 1000);
      log.error(
        `stage "${stage}" has failed ${breaker.failures} times in a row, and is left alone for ${seconds} s`,
      );
    }
  }

  /** More sessions ask a stage than it has places for: it is told as a failure, and is no reason to leave the stage alone. */
  busy(told: Told, point: Point, why: string): void {
    this.#note(told, point, why);
  }

  #note({ stage, onFailure: answer, breaker }: Told, point: Point, why: string): FailingStage {
    const { log, troubles, deadlines } = this.#parts;
    let failing = this.#failing.get(stage);
    if (failing === undefined) {
      failing = new FailingStage(() => this.#recovered(stage));
      this.#failing.set(stage, failing);
    }
    failing.failedAt(point);
    deadlines.set(failing, quietMs + (breaker?.restMs ?? 0));
    const text = `The stage "${stage}" fails at ${point}: ${why}. Meanwhile ${consequence[answer]}.`;
    const level = answer === 'continue' ? 'warning' : 'critical';
    troubles.raise(
      `stage:${stage}`,
      level,
      text,
      'Look for the cause in the log, and in what the stage asks.',
    );
    if (failing.mayLog(deadlines.nowMs, `${point}: ${why}`)) {
      const more = failing.takeUnlogged();
      log.error(
        `stage "${stage}" failed at ${point}: ${why}${more === 0 ? '' : ` (and ${more} more since the last such line)`}`,
      );
    }
    return failing;
  }

  #recovered(stage: string): void {
    this.#failing.delete(stage);
    this.#parts.troubles.clear(`stage:${stage}`);
    this.#parts.log.info(`stage "${stage}" has not failed for a minute`);
  }
}

/** A stage that failed in the last minute, or in its rest. */
class FailingStage implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly #onQuiet: () => void;
  #loggedAtMs = -Infinity;
  /** Logged since then. */
  readonly #reasons = new Set<string>();
  #inARow = 0;
  #restsUntilMs = -Infinity;
  #unlogged = 0;
  /** Where it failed last; undefined: it is mended since. */
  #failedAt: Point | undefined;
  #answersInARow = 0;
  #hasRested = false;

  constructor(onQuiet: () => void) {
    this.#onQuiet = onQuiet;
  }

  expired(): void {
    this.#onQuiet();
  }

  rests(nowMs: number): boolean {
    return nowMs < this.#restsUntilMs;
  }

  isResting(nowMs: number, trialMs: number): boolean {
    if (this.#restsUntilMs === -Infinity) return false;
    if (nowMs < this.#restsUntilMs) return true;
    // As long as the trial may take, nobody else tries.
    this.#restsUntilMs = nowMs + trialMs;
    return false;
  }

  failedAt(point: Point): void {
    this.#failedAt = point;
    this.#answersInARow = 0;
  }

  /** Counts an answer. @returns whether it is the one by which the stage is mended */
  isMendedAt(point: Point): boolean {
    if (point !== this.#failedAt) return false;
    if (++this.#answersInARow < answersWhenMended && !this.#hasRested) return false;
    this.#failedAt = undefined;
    this.#hasRested = false;
    return true;
  }

  /** Counts a failure. @returns whether it rests from now on */
  rest(nowMs: number, { failures, restMs }: Breaker): boolean {
    if (++this.#inARow < failures) return false;
    this.#restsUntilMs = nowMs + restMs;
    this.#hasRested = true;
    // A trial that fails begins the next rest.
    this.#inARow = failures - 1;
    return true;
  }

  /** @returns whether it had rested */
  worked(): boolean {
    const hadRested = this.#restsUntilMs !== -Infinity;
    this.#inARow = 0;
    this.#restsUntilMs = -Infinity;
    return hadRested;
  }

  /** Is this reason news? Otherwise the failure is counted only. */
  mayLog(nowMs: number, reason: string): boolean {
    if (nowMs >= this.#loggedAtMs + quietMs) {
      this.#loggedAtMs = nowMs;
      this.#reasons.clear();
    }
    if (this.#reasons.has(reason) || this.#reasons.size >= mostReasonsLogged) {
      this.#unlogged++;
      return false;
    }
    this.#reasons.add(reason);
    return true;
  }

  takeUnlogged(): number {
    const count = this.#unlogged;
    this.#unlogged = 0;
    return count;
  }
}
