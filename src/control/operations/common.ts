// Schemas that several operations share.

import { z } from 'zod';
import { textUpTo } from '../override.ts';

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
