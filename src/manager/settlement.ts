// Outcomes of recipients: counts and logs them, and gathers them for the journal. Failures go to the reports first. Outcomes are
// booked by `book`, which is called when all outcomes of an event are known.

import type { AttemptResult } from '../deliver/types.ts';
import type { Refusal } from '../message/refusal.ts';
import type { EffectOf } from '../schedule/drive.ts';
import type { MessageHandle } from '../schedule/types.ts';
import type { Outcome, SpoolStore } from '../spool/types.ts';
import type { Stats } from '../stats/stats.ts';
import type { Admission } from './admission.ts';
import type { DeferralLog } from './deferral-log.ts';
import type { FailureReports } from './failure-reports.ts';

export interface SettlementParts {
  readonly store: Pick<SpoolStore, 'locate' | 'settle'>;
  readonly admission: Pick<Admission, 'forgetId' | 'queueIdOf'>;
  readonly reports: FailureReports;
  readonly deferrals: DeferralLog;
  readonly stats: Stats;
}

export class Settlement {
  readonly #parts: SettlementParts;
  #outcomes: Outcome[] = [];

  constructor(parts: SettlementParts) {
    this.#parts = parts;
  }

  delivered(queueId: string, recipient: number): void {
    this.#outcomes.push({ kind: 'delivered', queueId, recipient });
    this.#parts.stats.count('delivered');
  }

  /** The server that took the mail does not send the report of success that the sender asked for, so Sluice does. */
  relayed(queueId: string, recipient: number, host: string | undefined): void {
    this.#parts.reports.add(queueId, { recipient, action: 'relayed', host });
  }

  /** @param results - results of the attempt that caused it, for the log; undefined when no attempt did */
  deferred(effect: EffectOf<'deferred'>, results: readonly AttemptResult[] | undefined): void {
    const { store, admission, deferrals, stats } = this.#parts;
    const queueId = admission.queueIdOf(effect.message);
    const { recipient, attempts, nextAttemptAtMs, refusal } = effect;
    this.#outcomes.push({ kind: 'deferred', queueId, recipient, attempts, nextAttemptAtMs, refusal });
    stats.count('deferred');
    admission.forgetId(effect.message);
    deferrals.deferred(queueId, store.locate(queueId), effect, results);
  }

  /** @param expired - it failed because its lifetime is over */
  failed(queueId: string, recipient: number, refusal: Refusal, expired: boolean): void {
    this.#parts.stats.count('bounced');
    this.#parts.reports.add(queueId, { recipient, action: 'failed', refusal, expired });
  }

  /** No recipient of the message is left. */
  done(message: MessageHandle): void {
    const { admission, reports } = this.#parts;
    if (reports.waiting > 0) reports.complete(admission.queueIdOf(message));
    admission.forgetId(message);
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
    this.#parts.store.settle(outcomes);
  }
}
