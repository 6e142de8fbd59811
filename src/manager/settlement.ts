// What became of recipients: counted, logged and gathered for the journal. Failures go to the reports first. Nothing of it is
// booked before `book`, which is called once all that one event caused is known.

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

  /** Delivered to a server that will not tell the sender of it, who asked for that. */
  relayed(queueId: string, recipient: number, host: string | undefined): void {
    this.#parts.reports.add(queueId, { recipient, action: 'relayed', host });
  }

  /** @param results - of the attempt that caused it, if one did: the log tells more with them */
  deferred(effect: EffectOf<'deferred'>, results: readonly AttemptResult[] | undefined): void {
    const { store, admission, deferrals, stats } = this.#parts;
    const queueId = admission.queueIdOf(effect.message);
    const { recipient, attempts, nextAttemptAtMs, refusal } = effect;
    this.#outcomes.push({ kind: 'deferred', queueId, recipient, attempts, nextAttemptAtMs, refusal });
    stats.count('deferred');
    admission.forgetId(effect.message);
    deferrals.deferred(queueId, store.locate(queueId), effect, results);
  }

  /** @param expired - its lifetime ended it */
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

  /** Outcomes that others have found. */
  add(outcomes: readonly Outcome[]): void {
    this.#outcomes.push(...outcomes);
  }

  /** Hands all that is known to the reports and the journal. */
  book(): void {
    // Before outcomes are booked: a message that they end is taken first, if something is to be said about it.
    this.#parts.reports.start();
    if (this.#outcomes.length === 0) return;
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    this.#parts.store.settle(outcomes);
  }
}
