// The operation `log.reopen`: all processes open the log file again, because another program has put it aside.

import { z } from 'zod';
import { noQuestion } from './common.ts';

const answer: z.ZodType<null> = z.null();

export const reopenLog = { role: 'change' as const, question: noQuestion, answer };
