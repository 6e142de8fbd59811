// The operation `policy.stages`: which stages mail of a client would meet, in which order, and what each is configured with.

import { z } from 'zod';
import { type Audience, audiences, points } from '../../policy/stage.ts';
import { text } from './common.ts';
import { isIP } from '../../values/ip-version.ts';

export interface StagesQuestion {
  /** Without brackets; empty for the null reverse-path. */
  readonly from: string;
  /** IP address; empty for a program of this host. */
  readonly client: string;
  /** Recipients, of which is said what they are rewritten to. */
  readonly to?: readonly string[] | undefined;
  /** Who has logged in; undefined: nobody. */
  readonly user?: string | undefined;
  /** As configured; undefined: the first one. */
  readonly listener?: string | undefined;
}

/** Points of a session, and those at which the manager asks plugins about a delivery. */
export const shownPoints = [...points, 'route', 'attempt'] as const;

export interface ShownStage {
  readonly name: string;
  /** At which it is asked now. */
  readonly points: readonly (typeof shownPoints)[number][];
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

/** What becomes of an address of the envelope. */
export interface ShownRewriting {
  readonly address: string;
  /** The same where it stays. */
  readonly becomes: string;
  /** Why that cannot be told now: a clause. */
  readonly fault?: string | undefined;
}

export interface StagesAnswer {
  readonly listener: string;
  /** By its address, or because it has logged in. */
  readonly mayRelay: boolean;
  /** Empty for no tenant. */
  readonly tenant: string;
  /** In the order in which they are asked at each point. */
  readonly stages: readonly ShownStage[];
  /** Undefined where no address of the envelope is rewritten. */
  readonly rewritten?:
    | { readonly sender: ShownRewriting; readonly recipients: readonly ShownRewriting[] }
    | undefined;
}

const mostRecipients = 1_000;

/** Empty for a program of this host. */
export const clientAddress = text.refine(
  (given) => given === '' || isIP(given) !== 0,
  'is no IP address: write one such as 192.0.2.7',
);

const question: z.ZodType<StagesQuestion> = z.strictObject({
  from: text,
  client: clientAddress,
  to: z.array(text).max(mostRecipients).optional(),
  user: text.optional(),
  listener: text.optional(),
});

const rewriting = z.object({ address: z.string(), becomes: z.string(), fault: z.string().optional() });

const answer: z.ZodType<StagesAnswer> = z.object({
  listener: z.string(),
  mayRelay: z.boolean(),
  tenant: z.string(),
  stages: z.array(
    z.object({
      name: z.string(),
      points: z.array(z.enum(shownPoints)),
      unmet: z.string().optional(),
      audience: z.enum(audiences).optional(),
      tenants: z.array(z.string()).optional(),
      timeLimitMs: z.number(),
      onFailure: z.string(),
      breaker: z.object({ failures: z.number(), restMs: z.number() }).optional(),
      rests: z.boolean(),
      configured: z.string(),
    }),
  ),
  rewritten: z.object({ sender: rewriting, recipients: z.array(rewriting) }).optional(),
});

export const explainStages = { role: 'read' as const, question, answer };
