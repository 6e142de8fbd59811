// Errands that the manager gives to senders.

import type { Errand, ErrandOutcome } from '../deliver/errand/types.ts';

/** Answered by the `errandRun` of the same id. */
export interface RunErrand {
  readonly kind: 'errand';
  readonly id: number;
  readonly errand: Errand;
}

export interface ErrandRun {
  readonly kind: 'errandRun';
  readonly id: number;
  readonly outcome: ErrandOutcome;
}
