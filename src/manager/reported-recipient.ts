// A recipient's outcome that is to be reported.

import type { Refusal } from '../message/refusal.ts';

export type ReportedRecipient = FailedRecipient | RelayedRecipient | DelayedRecipient;

export interface FailedRecipient {
  readonly recipient: number;
  readonly action: 'failed';
  readonly refusal: Refusal;
  /** It failed because its lifetime is over. */
  readonly expired: boolean;
}

/**
 * It was handed to a server that does not report success itself: to its mailbox server (`delivered`), or to another one (`relayed`).
 * Or it was sent on to several other addresses (`expanded`).
 */
interface RelayedRecipient {
  readonly recipient: number;
  readonly action: 'relayed' | 'delivered' | 'expanded';
  /** The server that took it; undefined when that is no longer known. */
  readonly host: string | undefined;
}

/** It waits still, and the sender is told of that. */
export interface DelayedRecipient {
  readonly recipient: number;
  readonly action: 'delayed';
  /** Why it waits. */
  readonly refusal: Refusal;
  /** Unix ms when its lifetime ends, as people are told it. */
  readonly retryUntilMs: number;
  /** The time in the queue after which this warning was due. */
  readonly afterMs: number;
}
