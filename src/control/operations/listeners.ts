// The operation `listeners`: where the running Sluice listens, so that `sluice check` can tell its addresses from those that another
// program has.

import { z } from 'zod';
import { noQuestion } from './common.ts';

export interface HeldAddresses {
  /** Addresses and sockets that are open, as in the configuration; with the control socket and the submission socket. */
  readonly addresses: readonly string[];
}

const answer: z.ZodType<HeldAddresses> = z.object({ addresses: z.array(z.string()) });

export const listeners = { question: noQuestion, answer };
