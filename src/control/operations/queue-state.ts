// The operation `queue.state`: stops a queue, so that none of its files is open, or starts it again. The supervisor answers it, since every
// process has a part in it.

import { z } from 'zod';

export interface QueueStateQuestion {
  /** The name of a [queues.NAME]. */
  readonly queue: string;
  readonly action: 'stop' | 'start';
}

export interface QueueStateAnswer {
  /** Why nothing has changed; empty: it is done. */
  readonly problem: string;
  /** What is not over yet, in whole sentences. */
  readonly notDone: readonly string[];
}

const question: z.ZodType<QueueStateQuestion> = z.strictObject({
  queue: z.string().min(1).max(64),
  action: z.enum(['stop', 'start']),
});
const answer: z.ZodType<QueueStateAnswer> = z.object({ problem: z.string(), notDone: z.array(z.string()) });

export const setQueueState = { role: 'change' as const, question, answer };
