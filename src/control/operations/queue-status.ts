// One queue in the answer to `status`.

import { z } from 'zod';

/**
 * `open`: it takes and delivers mail. `away`: its store is not there, or cannot be read, and comes by itself. `blocked`: nothing is
 * delivered, because outcomes cannot be stored. `stopped`: by an operator.
 */
const queueStates = ['open', 'away', 'blocked', 'stopped'] as const;

export interface QueueStatus {
  /** `default` is that of [queue]. */
  readonly queue: string;
  readonly state: (typeof queueStates)[number];
  /** Why it is not open, for people. */
  readonly why?: string | undefined;
  readonly messages: number;
  /** Recipients that wait for their next attempt, or are held. */
  readonly waiting: number;
  /** Recipients that are due. */
  readonly ready: number;
  readonly active: number;
  /** When its oldest message was accepted, Unix ms; given if tenants were asked for, too. */
  readonly oldestMs?: number | undefined;
  /** What its segments take on the disk. */
  readonly bytes: number;
  /** What is free on its disk, as it was asked last; not given while that is not known. */
  readonly freeBytes?: number | undefined;
  /** Since the manager started: messages received; recipients delivered, deferred and bounced. */
  readonly counters: Readonly<Record<string, number>>;
}

export const queueStatusSchema: z.ZodType<QueueStatus> = z.object({
  queue: z.string(),
  state: z.enum(queueStates),
  why: z.string().optional(),
  messages: z.number(),
  waiting: z.number(),
  ready: z.number(),
  active: z.number(),
  oldestMs: z.number().optional(),
  bytes: z.number(),
  freeBytes: z.number().optional(),
  counters: z.record(z.string(), z.number()),
});
