// A recipient's outcome that is to be reported.

import type { UnreportedSuccess } from '../deliver/types.ts';
import type { Refusal } from '../message/refusal.ts';

export type ReportedRecipient = FailedRecipient | TakenRecipient;

export interface FailedRecipient {
  readonly recipient: number;
  readonly action: 'failed';
  readonly refusal: Refusal;
  /** It failed because its lifetime is over. */
  readonly expired: boolean;
}

interface TakenRecipient extends UnreportedSuccess {
  readonly recipient: number;
}
