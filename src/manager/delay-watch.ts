// Tells senders that their mail waits (RFC 3464 2.3.3, "delayed"), when it has waited for the times of `warn_after` in [bounce]: one
// report about all recipients of a message that wait then. Promises: a step is told once, also over restarts, since the journal
// remembers it; held mail and mail from the null sender cause no report; there is no timer for a message. A walk over the queue
// finds out when the next warning is due, and nothing is looked at before.

import type { DatedClock } from '../io/steady-clock.ts';
import { nextTurn, type Timer, type Timers } from '../io/timers.ts';
import { localRefusal, type Refusal } from '../message/refusal.ts';
import { lastRefusalOf } from '../message/refusal-form.ts';
import type { MessageHandle, Scheduler, WaitingRecipient } from '../schedule/types.ts';
import type { Admission } from './admission.ts';
import type { Bouncer } from './bouncer.ts';
import type { FailureReports } from './failure-reports.ts';
import type { DelayedRecipient } from './reported-recipient.ts';
import type { Settlement } from './settlement.ts';

/** The queue is walked at most this often. */
const everyMs = 60_000;
/** After a start, what has waited is tried first. */
const firstMs = 5 * 60_000;
/** Mail that is held when a warning about it is due is looked at again after this time. */
const heldMs = 10 * 60_000;
/** The longest delay of a timer in Node is 2^31 - 1 ms. */
const longestMs = 24 * 3_600_000;
/** Messages that are looked at without a pause. */
const slice = 10_000;
/** Most reports that wait to be written: with more, the walk waits for them. */
const mostWaiting = 1_000;
const roomMs = 100;

export interface DelayWatchParts {
  readonly scheduler: Pick<Scheduler, 'messages' | 'recipientsOf' | 'isQueued' | 'expiresAtMs'>;
  readonly admission: Pick<Admission, 'receivedAtMs' | 'queueIdOf' | 'warned'>;
  readonly reports: Pick<FailureReports, 'waiting' | 'warn'>;
  readonly settlement: Pick<Settlement, 'isInDoubt'>;
  readonly bouncer: Pick<Bouncer, 'settings'>;
  readonly timers: Timers;
  readonly clock: Pick<DatedClock, 'nowMs' | 'steadyOf' | 'shownOf'>;
}

export class DelayWatch {
  readonly #parts: DelayWatchParts;
  #timer: Timer | undefined;
  #isWalking = false;
  #isStopped = false;

  constructor(parts: DelayWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#lookIn(firstMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#parts.timers.clear(this.#timer);
  }

  /** Other times may be in force. */
  reconfigured(): void {
    if (this.#timer !== undefined && !this.#isWalking) this.#lookIn(everyMs);
  }

  #lookIn(ms: number): void {
    const { timers } = this.#parts;
    timers.clear(this.#timer);
    if (!this.#isStopped) this.#timer = timers.setTimeout(() => void this.#look(), ms).unref();
  }

  async #look(): Promise<void> {
    const { clock, timers, scheduler, reports, settlement } = this.#parts;
    this.#isWalking = true;
    // What comes from now on is due no earlier than this.
    const steps = this.#steps;
    let nextMs = clock.nowMs() + (steps[0] ?? Infinity);
    let looked = 0;
    for (const message of steps.length === 0 ? [] : scheduler.messages()) {
      if (++looked % slice === 0) await nextTurn(timers);
      while (reports.waiting >= mostWaiting && !this.#isStopped) await this.#pause();
      if (this.#isStopped) return;
      // A sender process may have delivered what still seems to wait.
      const dueMs = settlement.isInDoubt ? clock.nowMs() : this.#lookAt(message, steps);
      if (dueMs < nextMs) nextMs = dueMs;
    }
    this.#isWalking = false;
    this.#lookIn(Math.min(Math.max(everyMs, nextMs - clock.nowMs()), longestMs));
  }

  get #steps(): readonly number[] {
    const { warnAfterMs, scheduledWarnAfterMs = [] } = this.#parts.bouncer.settings;
    if (scheduledWarnAfterMs.length === 0) return warnAfterMs;
    return [...warnAfterMs, ...scheduledWarnAfterMs].sort((one, other) => one - other);
  }

  /** Is a time of the recipient's own among those that went by since its sender was told? */
  #isDue({ isHeld, warnAfterMs }: WaitingRecipient, toldMs: number, afterMs: number): boolean {
    const own = warnAfterMs ?? this.#parts.bouncer.settings.warnAfterMs;
    return !isHeld && own.some((each) => each > toldMs && each <= afterMs);
  }

  /** Warns if that is due. @returns when the next warning is due; Infinity: never */
  #lookAt(message: MessageHandle, steps: readonly number[]): number {
    const { admission, clock, scheduler, reports } = this.#parts;
    const { warned } = admission;
    const step = warned.nextOf(message, steps);
    if (step === undefined) return Infinity;
    const receivedMs = clock.steadyOf(admission.receivedAtMs(message));
    const nowMs = clock.nowMs();
    if (receivedMs + step > nowMs) return receivedMs + step;
    const recipients = scheduler.recipientsOf(message);
    const [first] = recipients;
    if (first === undefined) return Infinity;
    if (first.isHeld) return nowMs + heldMs;
    // Of several steps that went by, as while Sluice was stopped, there is one report.
    const afterMs = steps.findLast((each) => receivedMs + each <= nowMs) ?? step;
    // Of the times until the one before this, the sender was told.
    const toldMs = steps.findLast((each) => each < step) ?? 0;
    warned.warned(message, afterMs);
    const queueId = admission.queueIdOf(message);
    if (recipients.some((each) => this.#isDue(each, toldMs, afterMs)))
      reports.warn(queueId, () => this.#waiting(message, queueId, toldMs, afterMs), recipients[0]?.tenant);
    return receivedMs + (warned.nextOf(message, steps) ?? Infinity);
  }

  #waiting(message: MessageHandle, queueId: string, toldMs: number, afterMs: number): DelayedRecipient[] {
    const { clock, scheduler } = this.#parts;
    if (!scheduler.isQueued(message, queueId)) return [];
    return scheduler
      .recipientsOf(message)
      .filter((each) => this.#isDue(each, toldMs, afterMs))
      .toSorted((one, other) => one.recipient - other.recipient)
      .map((each) => ({
        recipient: each.recipient,
        action: 'delayed',
        refusal: lastRefusalOf(each.lastRefusal) ?? untried(each),
        retryUntilMs: clock.shownOf(scheduler.expiresAtMs(message, each.recipient)),
        afterMs,
      }));
  }

  #pause(): Promise<void> {
    const { timers } = this.#parts;
    return new Promise((resolve) => {
      timers.setTimeout(resolve, roomMs).unref();
    });
  }
}

/** Why a recipient waits that was never tried. RFC 3463 3.5: X.4.3 is a directory that does not answer, X.4.5 congestion. */
function untried({ domain, state, waitsFor }: WaitingRecipient): Refusal {
  const isResolving = state === 'resolving';
  const text = isResolving
    ? `the route to ${domain} could not be looked up yet`
    : `not tried yet: ${waitsFor ?? 'other mail is before it, or a limit holds it back'}`;
  const enhanced = isResolving ? '4.4.3' : '4.4.5';
  return localRefusal({ during: 'queue', code: 0, enhanced, text, permanent: false });
}
