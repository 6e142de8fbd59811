// What receivers ask the manager because one place alone can remember and count for all of them: their defences, what a backup MX knows, and connections to other servers.

import type { VisitAnswer, VisitWish } from '../deliver/call-ahead/call-ahead-types.ts';
import type { EtrnAnswer, LearnedAnswer } from '../policy/backup/types.ts';
import type { GreylistAnswer, GreylistQuestion } from '../policy/greylist/types.ts';
import type { RateAnswer, RateQuestion } from '../policy/rates/types.ts';
import type { EtrnNode } from '../values/etrn-node.ts';

export type DefenceQuestion =
  | ({ readonly kind: 'greylist' } & GreylistQuestion)
  | ({ readonly kind: 'rate' } & RateQuestion)
  | { readonly kind: 'etrn'; readonly node: EtrnNode }
  | { readonly kind: 'learned'; readonly address: string }
  | ({ readonly kind: 'visit' } & VisitWish);

export type DefenceAnswer = GreylistAnswer | RateAnswer | EtrnAnswer | LearnedAnswer | VisitAnswer;

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

/** The connection of a visit is closed, or was not opened. It is not answered. */
export interface VisitEnded {
  readonly kind: 'visitEnded';
  /** As the answer has told it. */
  readonly number: number;
}

/** A primary server has said whether a recipient exists. It is not answered. */
export interface Learn {
  readonly kind: 'learn';
  readonly address: string;
  readonly exists: boolean;
}
