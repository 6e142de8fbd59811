// The operation `policy.stages`: which stages mail of a client would meet, in which order, and what each is configured with.

import { z } from 'zod';
import { type Audience, type Point, points } from '../../policy/stage.ts';
import { text } from './common.ts';

export interface StagesQuestion {
  /** Without brackets; empty for the null reverse-path. */
  readonly from: string;
  /** IP address; empty for a program of this host. */
  readonly client: string;
  /** Who has logged in; undefined: nobody. */
  readonly user?: string | undefined;
  /** As configured; undefined: the first one. */
  readonly listener?: string | undefined;
}

export interface ShownStage {
  readonly name: string;
  /** At which it is asked. */
  readonly points: readonly Point[];
  /** Why it is not asked about this mail: a clause; undefined: it is. */
  readonly unmet?: string | undefined;
  /** Undefined: about any client. */
  readonly audience?: Audience | undefined;
  /** Undefined: about any mail. */
  readonly tenants?: readonly string[] | undefined;
  readonly timeLimitMs: number;
  readonly onFailure: string;
  /** Failures in a row after which it rests, and for how long. */
  readonly breaker?: { readonly failures: number; readonly restMs: number } | undefined;
  /** It rests now. */
  readonly rests: boolean;
  /** Its keys of the configuration, on one line; empty when it has none. */
  readonly configured: string;
}

export interface StagesAnswer {
  readonly listener: string;
  /** By its address, or because it has logged in. */
  readonly mayRelay: boolean;
  /** Empty for no tenant. */
  readonly tenant: string;
  /** In the order in which they are asked at each point. */
  readonly stages: readonly ShownStage[];
}

const question: z.ZodType<StagesQuestion> = z.strictObject({
  from: text,
  client: text,
  user: text.optional(),
  listener: text.optional(),
});

const answer: z.ZodType<StagesAnswer> = z.object({
  listener: z.string(),
  mayRelay: z.boolean(),
  tenant: z.string(),
  stages: z.array(
    z.object({
      name: z.string(),
      points: z.array(z.enum(points)),
      unmet: z.string().optional(),
      audience: z.enum(['users', 'strangers', 'submission']).optional(),
      tenants: z.array(z.string()).optional(),
      timeLimitMs: z.number(),
      onFailure: z.string(),
      breaker: z.object({ failures: z.number(), restMs: z.number() }).optional(),
      rests: z.boolean(),
      configured: z.string(),
    }),
  ),
});

export const explainStages = { role: 'read' as const, question, answer };
