// An operator stops or starts a queue: what the control process and the supervisor say to each other.

import type { QueueStateAnswer, QueueStateQuestion } from '../control/operations/queue-state.ts';

/** Answered by the `QueueStateSet` of the same id. */
export type AskedQueueState = QueueStateQuestion & { readonly kind: 'queueState'; readonly id: number };

/** To the control process: what became of it. */
export interface QueueStateSet {
  readonly kind: 'queueStateSet';
  readonly id: number;
  readonly answer: QueueStateAnswer;
}
