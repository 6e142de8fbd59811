// What receivers ask the manager about sending limits.

import type { ChargeAnswer, HandIn, SendingCharge } from '../policy/sending/types.ts';

/** May this message be handed in? Answered by the `charged` of the same id. */
export interface Charge {
  readonly kind: 'charge';
  readonly id: number;
  readonly handIn: HandIn;
  /** It is only asked what would be counted. */
  readonly isTrial?: boolean;
}

/** A message that was counted is not accepted. */
export interface Release {
  readonly kind: 'release';
  readonly charge: SendingCharge;
}

export interface Charged {
  readonly kind: 'charged';
  readonly id: number;
  readonly answer: ChargeAnswer;
}
