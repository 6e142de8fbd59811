// The operation `clock.confirm`: an operator says that the clock of the system is right after it was set.

import { z } from 'zod';
import { noQuestion } from './common.ts';

/** The size of the step that is accepted, in ms; null when no step is in doubt. */
const answer: z.ZodType<number | null> = z.number().nullable();

export const confirmClock = { role: 'change' as const, question: noQuestion, answer };
