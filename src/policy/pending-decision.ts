// A decision for which a stage answers later. Promises: one answer counts, the first that comes within the time limit and before the
// client has gone; others change nothing.

import type { Deadline, Deadlines } from '../io/deadlines.ts';
import type { Decision, Member } from './decision.ts';
import { errorText } from './error-text.ts';
import type { Verdict } from './stage.ts';

export interface PendingParts {
  readonly deadlines: Deadlines;
  /** Reports a failure of the stage; returns the verdict instead. */
  readonly fail: (member: Member, why: string, error?: unknown) => Verdict;
  /** Goes on with the verdict of a stage; returns `wait` itself when a later stage answers later, too. */
  readonly goOn: (
    wait: PendingDecision,
    member: Member,
    at: number,
    verdict: Verdict,
  ) => Decision | PendingDecision;
}

export class PendingDecision implements Deadline {
  atMs = Infinity;
  bucket = -1;
  /** A stage has accepted: only those are left that are asked even then. */
  isAccepted = false;
  readonly #parts: PendingParts;
  #isCancelled = false;
  /** Ends the wait for the stage that is being asked; undefined when none is. */
  #settle: ((verdict: Verdict) => void) | undefined;
  #member: Member | undefined;
  #made: (decision: Decision) => void = () => undefined;

  constructor(parts: PendingParts) {
    this.#parts = parts;
  }

  /** Sets what happens when the decision is made. It is called once, never before this call has returned, and not after `cancel`. */
  whenMade(made: (decision: Decision) => void): void {
    this.#made = made;
  }

  /** The client has gone, and nobody waits for the decision. */
  cancel(): void {
    this.#isCancelled = true;
    this.#settle = undefined;
    this.#parts.deadlines.clear(this);
  }

  expired(): void {
    const member = this.#member;
    if (member === undefined) return;
    const seconds = Math.round(member.timeLimitMs / 1000);
    this.#settle?.(this.#parts.fail(member, `it did not answer within ${seconds} s`));
  }

  /**
   * Waits for the answer of a stage.
   * @param at - its index in the pipeline
   * @returns the verdict when the promise was so quick that nothing has to wait, as a thenable may be
   */
  await(member: Member, at: number, answer: PromiseLike<Verdict>): Verdict | undefined {
    let early: Verdict | undefined;
    let isBeingAsked = true;
    let hasAnswered = false;
    const settle = (verdict: Verdict): void => {
      this.#settle = undefined;
      this.#parts.deadlines.clear(this);
      if (isBeingAsked) early = verdict;
      else this.#goOn(member, at, verdict);
    };
    const take = (verdict: () => Verdict): void => {
      if (hasAnswered) this.#parts.fail(member, 'it answered twice');
      else {
        hasAnswered = true;
        // After the time limit it has failed already, and after `cancel` nobody waits.
        if (this.#settle === settle) settle(verdict());
      }
    };
    this.#settle = settle;
    this.#member = member;
    this.#parts.deadlines.set(this, member.timeLimitMs);
    try {
      answer.then(
        (verdict) => take(() => verdict),
        (error: unknown) => take(() => this.#parts.fail(member, `it failed: ${errorText(error)}`, error)),
      );
    } catch (error) {
      take(() => this.#parts.fail(member, `it failed: ${errorText(error)}`));
    }
    isBeingAsked = false;
    return early;
  }

  #goOn(member: Member, at: number, verdict: Verdict): void {
    const decision = this.#parts.goOn(this, member, at, verdict);
    if (decision instanceof PendingDecision || this.#isCancelled) return;
    this.#made(decision);
  }
}
