// The operation `queue.etrn`: other servers are asked for the mail that waits there (RFC 1985).

import { z } from 'zod';
import { text } from './common.ts';

export interface EtrnQuestion {
  /** `host` or `host:port`, in any form of relay; undefined: all that are configured. */
  readonly host?: string | undefined;
  /** Whose mail, as the command has it; empty: as configured. */
  readonly nodes: readonly string[];
}

export interface EtrnServerAnswer {
  readonly server: string;
  /** To each ETRN, in order. */
  readonly replies: readonly { readonly node: string; readonly code: number; readonly text: string }[];
  /** Why it could not be asked; empty when it was. */
  readonly reason: string;
}

const question: z.ZodType<EtrnQuestion> = z.strictObject({
  host: text.min(1).optional(),
  nodes: z.array(text.min(1)).max(20),
});

/** Empty: no such server is configured, and no domain was given. */
const answer: z.ZodType<readonly EtrnServerAnswer[]> = z.array(
  z.object({
    server: z.string(),
    replies: z.array(z.object({ node: z.string(), code: z.number(), text: z.string() })),
    reason: z.string(),
  }),
);

export const askByEtrn = { role: 'change' as const, question, answer };
