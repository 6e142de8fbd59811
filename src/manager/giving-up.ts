// Gives up recipients for an operator. Promises: they leave the queue only after the report about them is on stable storage; if
// it cannot be stored, they stay in the queue as they were, and the operator is told why.

import { localRefusal } from '../message/refusal.ts';
import type { MessageHandle, Scheduler } from '../schedule/types.ts';
import type { Outcome, SpoolStore, StoredRef } from '../spool/types.ts';
import type { ReportedRecipient } from './reported-recipient.ts';

export interface GivingUpParts {
  readonly store: Pick<SpoolStore, 'isDamaged' | 'locate' | 'pin' | 'unpin'>;
  readonly scheduler: Pick<Scheduler, 'hold' | 'isQueued' | 'notInFlight' | 'release' | 'remove'>;
  /** Resolves when the report is on stable storage or none is due, and rejects when it cannot be stored now. */
  readonly report: (
    queueId: string,
    ref: StoredRef,
    recipients: readonly ReportedRecipient[],
  ) => Promise<void>;
  /** As `Manager.change`. */
  readonly change: (outcomes: readonly Outcome[], action: (nowMs: number) => void) => void;
}

export class GivingUp {
  readonly #parts: GivingUpParts;
  /** Messages whose report is being stored. */
  readonly #messages = new Set<string>();
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(parts: GivingUpParts) {
    this.#parts = parts;
  }

  /** True while a report about the message is being stored: then an operator may not change the message. */
  isGivingUp(queueId: string): boolean {
    return this.#messages.has(queueId);
  }

  /** Resolves when no report is being stored. */
  idle(): Promise<void> {
    if (this.#messages.size === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers<void>();
    return this.#idle.promise;
  }

  /**
   * Gives up the chosen recipients of a queued message that are not in flight; resolves to their number. Rejects with the
   * reason when their report cannot be stored.
   */
  async giveUp(queueId: string, message: MessageHandle, recipients: readonly number[]): Promise<number> {
    const { store, scheduler, change, report } = this.#parts;
    const ref = store.locate(queueId);
    const chosen = scheduler.notInFlight(message, recipients);
    if (ref === undefined || chosen.length === 0 || this.#messages.has(queueId)) return 0;
    // RFC 3463 5.3.0: a fault of this system, for good.
    const refusal = localRefusal({
      during: 'queue',
      code: 554,
      enhanced: '5.3.0',
      text: store.isDamaged(queueId)
        ? 'the message was damaged on this server and cannot be delivered'
        : 'the operator of this server has given the message up',
      permanent: true,
    });
    this.#messages.add(queueId);
    store.pin(queueId);
    // No delivery may begin while a report says that the message has failed. This hold is not journaled: a crash ends it.
    let isHeldHere = false;
    change([], () => {
      isHeldHere = scheduler.hold(message);
    });
    try {
      const failed = chosen.map((recipient): ReportedRecipient => ({
        recipient,
        action: 'failed',
        refusal,
        expired: false,
      }));
      await report(queueId, ref, failed);
      return this.#remove(queueId, message, chosen);
    } finally {
      store.unpin(queueId);
      this.#messages.delete(queueId);
      if (isHeldHere) this.#releaseHold(queueId, message);
      if (this.#messages.size === 0) this.#idle?.resolve();
    }
  }

  #remove(queueId: string, message: MessageHandle, chosen: readonly number[]): number {
    const { scheduler, change } = this.#parts;
    const outcomes: Outcome[] = [];
    if (!scheduler.isQueued(message, queueId)) return 0;
    change(outcomes, () => {
      for (const recipient of scheduler.remove(message, chosen)) {
        outcomes.push({ kind: 'failed', queueId, recipient });
      }
    });
    return outcomes.length;
  }

  #releaseHold(queueId: string, message: MessageHandle): void {
    const { store, scheduler, change } = this.#parts;
    // A message that was found damaged meanwhile stays held.
    if (!scheduler.isQueued(message, queueId) || store.isDamaged(queueId)) return;
    change([], (nowMs) => void scheduler.release(message, nowMs));
  }
}
