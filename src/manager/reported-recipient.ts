// A recipient's outcome that is to be reported.

import type { Refusal } from '../message/refusal.ts';

export type ReportedRecipient = FailedRecipient | RelayedRecipient;

export interface FailedRecipient {
  readonly recipient: number;
  readonly action: 'failed';
  readonly refusal: Refusal;
  /** It failed because its lifetime is over. */
  readonly expired: boolean;
}

interface RelayedRecipient {
  readonly recipient: number;
  readonly action: 'relayed';
  /** The server that took it; undefined when that is no longer known. */
  readonly host: string | undefined;
}
