// The operation `tls.sts`: the MTA-STS policy of a recipient domain (RFC 8461), fetched if it is not known.

import { z } from 'zod';
import { text } from './common.ts';
import type { Rights } from './operation.ts';

export interface StsQuestion {
  /** In lower-case A-labels. */
  readonly domain: string;
  /** Fetch the policy anew, also when one is known. */
  readonly purge: boolean;
}

export interface StsAnswer {
  /** Time of the answer, Unix ms. */
  readonly nowMs: number;
  /** `mta_sts` is true in [deliver]. */
  readonly isOn: boolean;
  /** What became of the known policy when it was to be fetched anew; null when it was not. */
  readonly renewal: 'none known' | 'replaced' | 'forgotten' | 'kept' | null;
  /** What the DNS says; null when it was not asked. */
  readonly record:
    | { readonly kind: 'record'; readonly id: string }
    | { readonly kind: 'none' | 'failed'; readonly reason: string }
    | null;
  readonly policy: {
    readonly id: string;
    readonly mode: 'enforce' | 'testing';
    readonly lines: readonly string[];
    readonly fetchedAtMs: number;
    readonly endsAtMs: number;
  } | null;
  /** Why the last look gave no policy. */
  readonly failure: {
    /** `record`, or the type of a report (RFC 8460 4.3.2.2). */
    readonly at: string;
    readonly reason: string;
    readonly atMs: number;
    /** Not tried again before this. */
    readonly untilMs: number;
  } | null;
  /** The MX hosts of the domain, and whether the policy allows them. */
  readonly hosts: readonly { readonly host: string; readonly fits: boolean }[];
}

const question: z.ZodType<StsQuestion> = z.strictObject({ domain: text.min(1), purge: z.boolean() });

const answer: z.ZodType<StsAnswer> = z.object({
  nowMs: z.number(),
  isOn: z.boolean(),
  renewal: z.enum(['none known', 'replaced', 'forgotten', 'kept']).nullable(),
  record: z
    .union([
      z.object({ kind: z.literal('record'), id: z.string() }),
      z.object({ kind: z.enum(['none', 'failed']), reason: z.string() }),
    ])
    .nullable(),
  policy: z
    .object({
      id: z.string(),
      mode: z.enum(['enforce', 'testing']),
      lines: z.array(z.string()),
      fetchedAtMs: z.number(),
      endsAtMs: z.number(),
    })
    .nullable(),
  failure: z.object({ at: z.string(), reason: z.string(), atMs: z.number(), untilMs: z.number() }).nullable(),
  hosts: z.array(z.object({ host: z.string(), fits: z.boolean() })),
});

/** With `purge`, what is known may be forgotten. */
function role({ purge }: StsQuestion): Rights {
  return purge ? 'change' : 'read';
}

export const sts = { role, question, answer };
