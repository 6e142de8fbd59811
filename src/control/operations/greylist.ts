// The operations about greylisting: what waits and what has passed, networks that are allowed, and to change both.

import { z } from 'zod';
import { userSchema } from '../override.ts';
import { count, noQuestion, text } from './common.ts';

export interface GreylistQuery {
  /** Of a [[stage]]; empty: of all. */
  readonly stage: string;
  /** What has to be in a network, sender or domain; empty: anything. */
  readonly text: string;
  readonly state: 'all' | 'waiting' | 'passed';
  readonly most: number;
}

/** What is remembered of a network, sender and domain. Times are dates, Unix ms. */
export interface ShownGreylistRow {
  readonly stage: string;
  readonly network: string;
  readonly sender: string;
  readonly domain: string;
  readonly firstAt: number;
  /** Undefined: it waits. */
  readonly passedAt?: number | undefined;
  readonly attempts: number;
  readonly untilAt: number;
}

export interface GreylistList {
  readonly rows: readonly ShownGreylistRow[];
  readonly total: number;
}

export interface ShownGreylistNetwork {
  readonly stage: string;
  readonly network: string;
  /** Keys of which mail has passed. */
  readonly passes: number;
  /** Why its mail passes at once; undefined: it does not. */
  readonly allowed?: 'operator' | 'passes' | undefined;
  /** Undefined: for ever. */
  readonly untilAt?: number | undefined;
}

export interface GreylistNetworks {
  readonly rows: readonly ShownGreylistNetwork[];
  readonly total: number;
}

export interface GreylistStats {
  readonly stage: string;
  readonly waiting: number;
  readonly once: number;
  readonly passed: number;
  readonly networks: number;
  readonly fixed: number;
}

export interface GreylistAllow {
  /** Empty: the only one. */
  readonly stage: string;
  /** An address, or a network of the size by which the stage counts. */
  readonly network: string;
  /** Undefined: for ever. */
  readonly forMs?: number | undefined;
  readonly by: string;
}

export interface GreylistForget {
  readonly stage: string;
  /** A network, sender or domain; empty: everything. */
  readonly text: string;
  readonly by: string;
}

const query: z.ZodType<GreylistQuery> = z.strictObject({
  stage: text,
  text,
  state: z.enum(['all', 'waiting', 'passed']),
  most: count.max(100_000),
});
const list: z.ZodType<GreylistList> = z.object({
  rows: z.array(
    z.object({
      stage: z.string(),
      network: z.string(),
      sender: z.string(),
      domain: z.string(),
      firstAt: z.number(),
      passedAt: z.number().optional(),
      attempts: z.number(),
      untilAt: z.number(),
    }),
  ),
  total: z.number(),
});
const networks: z.ZodType<GreylistNetworks> = z.object({
  rows: z.array(
    z.object({
      stage: z.string(),
      network: z.string(),
      passes: z.number(),
      allowed: z.enum(['operator', 'passes']).optional(),
      untilAt: z.number().optional(),
    }),
  ),
  total: z.number(),
});
const stats: z.ZodType<readonly GreylistStats[]> = z.array(
  z.object({
    stage: z.string(),
    waiting: z.number(),
    once: z.number(),
    passed: z.number(),
    networks: z.number(),
    fixed: z.number(),
  }),
);
const allow: z.ZodType<GreylistAllow> = z.strictObject({
  stage: text,
  network: text.min(1, 'is empty: name an address or a network'),
  forMs: z.number().min(1000).optional(),
  by: userSchema,
});
/** The network that is allowed. */
const allowed: z.ZodType<string> = z.string();
const forget: z.ZodType<GreylistForget> = z.strictObject({ stage: text, text, by: userSchema });
/** How many keys and networks were forgotten. */
const forgotten: z.ZodType<number> = z.number();

export const listGreylist = { role: 'read' as const, question: query, answer: list };
export const listGreylistNetworks = { role: 'read' as const, question: query, answer: networks };
export const greylistStats = { role: 'read' as const, question: noQuestion, answer: stats };
export const allowInGreylist = { role: 'change' as const, question: allow, answer: allowed };
export const forgetInGreylist = { role: 'change' as const, question: forget, answer: forgotten };
