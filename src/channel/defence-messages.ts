// What receivers ask the manager for their defences, since one place alone can remember and count for all of them.

import type { GreylistAnswer, GreylistQuestion } from '../policy/greylist/types.ts';
import type { RateAnswer, RateQuestion } from '../policy/rates/types.ts';

export type DefenceQuestion =
  | ({ readonly kind: 'greylist' } & GreylistQuestion)
  | ({ readonly kind: 'rate' } & RateQuestion);

export type DefenceAnswer = GreylistAnswer | RateAnswer;

/** Answered by the `defended` of the same id. */
export interface Defend {
  readonly kind: 'defend';
  readonly id: number;
  readonly question: DefenceQuestion;
}

export interface Defended {
  readonly kind: 'defended';
  readonly id: number;
  readonly answer: DefenceAnswer;
}

/** Something has happened that counts for a rate. It is not answered. */
export interface NoteRate {
  readonly kind: 'noteRate';
  readonly question: RateQuestion;
}
