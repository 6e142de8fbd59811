// Failures that may be none: while it is not known what all senders have delivered, a lifetime that ends is no proof that the
// mail did not arrive. Keeps such failures until each sender has said what it delivered, and lets go of those that did arrive.
// Holds no more than the queue did: each kept failure was a recipient of the scheduler.

import type { Refusal } from '../message/refusal.ts';

export interface Failure {
  readonly recipient: number;
  readonly refusal: Refusal;
  /** It failed because its lifetime is over. */
  readonly expired: boolean;
  /** Whose mail it is; empty: of no tenant. */
  readonly tenant: string;
}

interface Kept {
  /** By recipient. */
  readonly failures: Map<number, Failure>;
  /** The scheduler has no other recipients of the message. */
  isDone: boolean;
}

/** Called for each message whose failures are certain. */
export type Confirmed = (queueId: string, failures: Iterable<Failure>, isDone: boolean) => void;

export class FailuresInDoubt {
  readonly #kept = new Map<string, Kept>();
  readonly #confirmed: Confirmed;
  #isOpen = false;

  constructor(confirmed: Confirmed) {
    this.#confirmed = confirmed;
  }

  /** True while failures are to be kept. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Number of messages with kept failures. */
  get waiting(): number {
    return this.#kept.size;
  }

  /** From now on failures are in doubt, or are certain: then those that were kept are passed on. */
  setOpen(isOpen: boolean): void {
    this.#isOpen = isOpen;
    if (isOpen) return;
    for (const [queueId, { failures, isDone }] of this.#kept) {
      this.#kept.delete(queueId);
      this.#confirmed(queueId, failures.values(), isDone);
    }
  }

  keep(queueId: string, failure: Failure): void {
    let kept = this.#kept.get(queueId);
    if (kept === undefined) {
      kept = { failures: new Map(), isDone: false };
      this.#kept.set(queueId, kept);
    }
    kept.failures.set(failure.recipient, failure);
  }

  /** No recipient of the message is left in the scheduler. */
  done(queueId: string): void {
    const kept = this.#kept.get(queueId);
    if (kept !== undefined) kept.isDone = true;
  }

  /** These recipients have got the message: returns those that had a failure here, which is forgotten. */
  withdraw(queueId: string, recipients: readonly number[]): number[] {
    const kept = this.#kept.get(queueId);
    if (kept === undefined) return [];
    const withdrawn = recipients.filter((recipient) => kept.failures.delete(recipient));
    if (kept.failures.size === 0) this.#kept.delete(queueId);
    return withdrawn;
  }
}
