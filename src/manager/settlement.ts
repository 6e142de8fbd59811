// Outcomes of recipients: tells what happened, and gathers them for the journal. Failures go to the reports first. Outcomes are
// booked by `book`, which is called when all outcomes of an event are known. While senders may have delivered what the manager
// has not heard of, failures wait (`failures-in-doubt.ts`).

import type { AttemptResult } from '../deliver/types.ts';
import type { Events } from '../log/events.ts';
import type { Refusal } from '../message/refusal.ts';
import type { EffectOf } from '../schedule/drive.ts';
import type { MessageHandle } from '../schedule/types.ts';
import type { Outcome, SpoolStore } from '../spool/types.ts';
import type { Admission } from './admission.ts';
import type { DeferralLog } from './deferral-log.ts';
import type { FailureReports } from './failure-reports.ts';
import type { QuarantineDesk } from './quarantine-desk.ts';
import type { QueueDesk } from './queue-desk.ts';
import type { QueueTallies } from './queue-tallies.ts';
import type { AttemptNews } from './plugins/attempt-news.ts';
import { FailuresInDoubt, type Failure } from './failures-in-doubt.ts';

export interface SettlementParts {
  readonly store: Pick<SpoolStore, 'locate' | 'settle'>;
  readonly admission: Pick<Admission, 'forgetId' | 'queueIdOf'>;
  readonly reports: FailureReports;
  readonly deferrals: DeferralLog;
  readonly happenings: Pick<Events, 'counted'>;
  readonly quarantine?: Pick<QuarantineDesk, 'settled'> | undefined;
  readonly queues?: Pick<QueueDesk, 'done'> | undefined;
  readonly tallies?: Pick<QueueTallies, 'countOf'> | undefined;
  readonly news: Pick<AttemptNews, 'delivered' | 'deferred' | 'failed'>;
}

/** What kind of success it is. */
type SuccessFacts = Pick<AttemptResult, 'isFinal' | 'isExpanded'>;

export class Settlement {
  readonly #parts: SettlementParts;
  readonly #inDoubt = new FailuresInDoubt((queueId, failures, isDone) => {
    for (const each of failures) this.#report(queueId, each);
    if (isDone) this.#parts.reports.complete(queueId);
  });
  #outcomes: Outcome[] = [];

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  /** Messages whose failures are not reported yet. */
  get reporting(): number {
    return this.#parts.reports.waiting + this.#inDoubt.waiting;
  }

  /** While it is true, senders may have delivered mail that the manager has not heard of: nothing is reported as failed. */
  get isInDoubt(): boolean {
    return this.#inDoubt.isOpen;
  }

  set isInDoubt(isInDoubt: boolean) {
    this.#inDoubt.setOpen(isInDoubt);
  }

  /** Forgets failures of these recipients that are still in doubt, since they were delivered to; returns which it forgot. */
  withdraw(queueId: string, recipients: readonly number[]): number[] {
    return this.#inDoubt.withdraw(queueId, recipients);
  }

  /** @param message - undefined: it is not in the scheduler any more */
  delivered(queueId: string, recipient: number, message?: MessageHandle): void {
    this.#outcomes.push({ kind: 'delivered', queueId, recipient });
    this.#parts.news.delivered(queueId, recipient);
    if (message !== undefined) {
      this.#parts.reports.answered(queueId, message);
      this.#parts.tallies?.countOf('delivered', message);
    }
    // The sender has its fields, and tells them to the log.
    this.#parts.happenings.counted('delivered', 1);
  }

  /** The server that took the mail does not send the report of success that the sender asked for, so Sluice does. */
  relayed(queueId: string, recipient: number, host: string | undefined, what: SuccessFacts = {}): void {
    const delivered = what.isFinal === true ? 'delivered' : 'relayed';
    const action = what.isExpanded === true ? 'expanded' : delivered;
    this.#parts.reports.add(queueId, { recipient, action, host });
  }

  /** @param results - results of the attempt that caused it, for the log; undefined when no attempt did */
  deferred(effect: EffectOf<'deferred'>, results: readonly AttemptResult[] | undefined): void {
    const { store, admission, deferrals, reports } = this.#parts;
    const queueId = admission.queueIdOf(effect.message);
    const { recipient, attempts, nextAttemptAtMs, refusal } = effect;
    this.#outcomes.push({ kind: 'deferred', queueId, recipient, attempts, nextAttemptAtMs, refusal });
    this.#parts.news.deferred(queueId, recipient, effect);
    admission.forgetId(effect.message);
    this.#parts.tallies?.countOf('deferred', effect.message);
    reports.answered(queueId, effect.message);
    deferrals.deferred(queueId, store.locate(queueId), effect, results);
  }

  /**
   * @param expired - it failed because its lifetime is over
   * @param message - undefined: it is not in the scheduler any more
   * @param tenant - whose mail it is; empty: of no tenant
   */
  failed(
    queueId: string,
    recipient: number,
    refusal: Refusal,
    expired: boolean,
    message?: MessageHandle,
    tenant = '',
  ): void {
    const failure = { recipient, refusal, expired, tenant };
    if (this.#inDoubt.isOpen) this.#inDoubt.keep(queueId, failure);
    else this.#report(queueId, failure);
    if (message !== undefined) this.#parts.reports.answered(queueId, message);
  }

  /** No recipient of the message is left. */
  done(message: MessageHandle): void {
    const { admission, reports } = this.#parts;
    if (this.reporting > 0) {
      const queueId = admission.queueIdOf(message);
      this.#inDoubt.done(queueId);
      reports.complete(queueId);
    }
    admission.forgetId(message);
    this.#parts.queues?.done(message);
  }

  /** Adds outcomes of operators' changes and of damaged messages. */
  add(outcomes: readonly Outcome[]): void {
    this.#outcomes.push(...outcomes);
  }

  /** Begins the reports that are due, and hands the gathered outcomes to the journal. */
  book(): void {
    // Before outcomes are booked: these may end a message, and its reports have to pin it first.
    this.#parts.reports.start();
    if (this.#outcomes.length === 0) return;
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    this.#parts.quarantine?.settled(outcomes);
    this.#parts.store.settle(outcomes);
  }

  #report(queueId: string, failure: Failure): void {
    this.#parts.news.failed(queueId, failure.recipient, failure.refusal, failure.expired);
    const { recipient, refusal, expired, tenant } = failure;
    this.#parts.reports.add(queueId, { recipient, refusal, expired, action: 'failed' }, tenant);
  }
}
