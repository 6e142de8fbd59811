// Schemas that several operations share.

import { z } from 'zod';
import { type Override, textUpTo } from '../override.ts';

/** A number of things. */
export const count = z.int().min(0);
/** An address, a pattern, or a name. */
export const text = textUpTo(1_000);

/** The question of an operation that has nothing to ask. */
export type NoQuestion = Readonly<Record<never, never>>;
export const noQuestion: z.ZodType<NoQuestion> = z.strictObject({});

/** Recipients of one tenant in the queue. */
export interface TenantCount {
  readonly tenant: string;
  /** Recipients that wait for their next attempt, or are held. */
  readonly waiting: number;
  readonly ready: number;
  readonly active: number;
}

export const tenantCountSchema: z.ZodType<TenantCount> = z.object({
  tenant: z.string(),
  waiting: z.number(),
  ready: z.number(),
  active: z.number(),
});

const rate = z.object({ count: z.number(), perMs: z.number() });

/** An override in an answer. */
export const shownOverrideSchema: z.ZodType<Override> = z.object({
  id: z.string(),
  kind: z.enum(['suspend', 'limit']),
  target: z.string(),
  label: z.string(),
  quantities: z.object({
    connections: z.number().optional(),
    connectionRate: rate.optional(),
    messageRate: rate.optional(),
    recipientRate: rate.optional(),
    messagesPerConnection: z.number().optional(),
    recipientsPerMessage: z.number().optional(),
  }),
  reason: z.string(),
  setAtMs: z.number(),
  untilMs: z.number().optional(),
  by: z.string(),
});
