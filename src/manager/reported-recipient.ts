// A recipient whose sender is to hear what became of it.

import type { Refusal } from '../message/refusal.ts';

export type ReportedRecipient = FailedRecipient | RelayedRecipient;

export interface FailedRecipient {
  readonly recipient: number;
  readonly action: 'failed';
  readonly refusal: Refusal;
  /** Its lifetime ended it. */
  readonly expired: boolean;
}

interface RelayedRecipient {
  readonly recipient: number;
  readonly action: 'relayed';
  /** The server that took it; undefined when nobody knows any more. */
  readonly host: string | undefined;
}
