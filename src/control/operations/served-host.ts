// How messages are sent to a host over one connection, in the answer of `explain`.

import { z } from 'zod';
import type { PipeliningKind, SendingWay } from '../../values/pipelining.ts';

export interface ServedHost {
  readonly host: string;
  /** E.g. `192.0.2.1:25`. */
  readonly endpoint: string;
  /** The last connection that became ready; undefined: none is known. */
  readonly last?: { readonly way: SendingWay; readonly depth: number } | undefined;
  /** What the host did not bear. Until then, in Unix ms, it is served without it. */
  readonly without: readonly {
    readonly kind: PipeliningKind;
    readonly text: string;
    readonly untilMs: number;
  }[];
}

export const servedHostSchema: z.ZodType<ServedHost> = z.object({
  host: z.string(),
  endpoint: z.string(),
  last: z.object({ way: z.enum(['single', 'group', 'chunk']), depth: z.number() }).optional(),
  without: z.array(
    z.object({ kind: z.enum(['across', 'chunk', 'group']), text: z.string(), untilMs: z.number() }),
  ),
});
