// The operations about rates of incoming mail: how much of them is used, and to forget what was counted.

import { z } from 'zod';
import { type RateQuantity, rateQuantities } from '../../policy/rates/types.ts';
import type { Rate } from '../../values/rate.ts';
import { userSchema } from '../override.ts';
import { count, text } from './common.ts';

/** How much of one rate is used. */
export interface ShownRate {
  readonly stage: string;
  /** A client, network or domain. */
  readonly key: string;
  readonly quantity: RateQuantity;
  readonly rate: Rate;
  readonly used: number;
  /** Until one more is within it; 0: now. */
  readonly waitMs: number;
}

export interface RatesAnswer {
  /** Those that are used most. */
  readonly rates: readonly ShownRate[];
  readonly total: number;
}

export interface RatesReset {
  readonly key: string;
  readonly by: string;
}

const answer: z.ZodType<RatesAnswer> = z.object({
  rates: z.array(
    z.object({
      stage: z.string(),
      key: z.string(),
      quantity: z.enum(rateQuantities),
      rate: z.object({ count: z.number(), perMs: z.number() }),
      used: z.number(),
      waitMs: z.number(),
    }),
  ),
  total: z.number(),
});
const question: z.ZodType<{ readonly most: number }> = z.strictObject({ most: count.max(1_000_000) });
const reset: z.ZodType<RatesReset> = z.strictObject({ key: text.min(1, 'is empty'), by: userSchema });
/** Whether anything was counted. */
const wasUsed: z.ZodType<boolean> = z.boolean();

export const listRates = { role: 'read' as const, question, answer };
export const resetRates = { role: 'change' as const, question: reset, answer: wasUsed };
