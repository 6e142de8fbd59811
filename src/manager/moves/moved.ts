// What came of messages that were to move.

import type { ChosenMessage } from '../jobs/message-choice.ts';

/** What came of some messages. */
export interface Moved {
  readonly recipients: number;
  readonly messages: number;
  /** Those with recipients in a transaction, which can be moved when it is over. */
  readonly busy: readonly ChosenMessage[];
  /** Recipients that could not be moved. */
  readonly refused: number;
  /** Why, for the last of them; empty: all were. */
  readonly reason: string;
  /** Nothing more can be stored in the new store now. */
  readonly isFull: boolean;
}
