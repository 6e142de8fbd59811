// The operation `limits`: every limit, where it was set, and what is used of it now.

import { z } from 'zod';
import type { CounterStatus, LimitsStatus } from '../../schedule/limits/status.ts';
import { type LimitRule, limitKeys } from '../../schedule/limits/types.ts';
import type { Override } from '../override.ts';
import { count, shownOverrideSchema } from './common.ts';

export interface LimitsQuestion {
  /** At most this many counters. */
  readonly most: number;
}

export interface LimitsAnswer {
  readonly limits: LimitsStatus;
  readonly overrides: readonly Override[];
}

const question: z.ZodType<LimitsQuestion> = z.strictObject({ most: count.max(1_000_000) });

const domain = z.object({ kind: z.enum(['exact', 'suffix']), domain: z.string() });
const network = z.object({ address: z.string(), prefix: z.number() });
const rate = z.object({ count: z.number(), perMs: z.number() });

export const ruleSchema: z.ZodType<LimitRule> = z.object({
  id: z.string(),
  name: z.string(),
  origin: z.string(),
  per: z.array(z.enum(limitKeys)),
  match: z.object({
    domain: z.array(domain).optional(),
    site: z.array(z.string()).optional(),
    mx: z.array(domain).optional(),
    ip: z.array(network).optional(),
    source: z.array(network).optional(),
    tenant: z.array(z.string()).optional(),
    queue: z.array(z.string()).optional(),
  }),
  isOverride: z.boolean(),
  reason: z.string().optional(),
  untilMs: z.number().optional(),
  connections: z.number().optional(),
  connectionRate: rate.optional(),
  messageRate: rate.optional(),
  recipientRate: rate.optional(),
  messagesPerConnection: z.number().optional(),
  recipientsPerMessage: z.number().optional(),
});

export const counterSchema: z.ZodType<CounterStatus> = z.object({
  rule: z.string(),
  key: z.string(),
  quantity: z.enum(['connections', 'connection_rate', 'message_rate', 'recipient_rate']),
  used: z.number(),
  allowed: z.number(),
  perMs: z.number().optional(),
  parked: z.number(),
  freeAtMs: z.number().optional(),
});

const answer: z.ZodType<LimitsAnswer> = z.object({
  limits: z.object({
    rules: z.array(ruleSchema),
    counters: z.array(counterSchema),
    inUse: z.array(z.object({ rule: z.string(), keys: z.number(), parked: z.number() })),
    total: z.number(),
  }),
  overrides: z.array(shownOverrideSchema),
});

export const limits = { role: 'read' as const, question, answer };
