// Log-ins in the answer of `explain`: which credential each host gets, and what the last log-in came to.

import { z } from 'zod';

export interface ShownLogin {
  readonly host: string;
  /** E.g. `192.0.2.1:587`. */
  readonly endpoint: string;
  /** Name of the `[[credential]]`; empty: there is none, and the host wants one. */
  readonly credential: string;
  /** The last log-in with it at this host; undefined: none since the start. */
  readonly last?: { readonly result: string; readonly isFailure: boolean; readonly atMs: number } | undefined;
}

export const shownLoginSchema: z.ZodType<ShownLogin> = z.object({
  host: z.string(),
  endpoint: z.string(),
  credential: z.string(),
  last: z.object({ result: z.string(), isFailure: z.boolean(), atMs: z.number() }).optional(),
});
