// The operation `reload`: the running Sluice reads its configuration again.

import { z } from 'zod';
import { textUpTo } from '../override.ts';

export interface ReloadQuestion {
  /** Absolute path: reload only if the running Sluice reads this file. Not given: reload the file that it reads. */
  readonly file?: string | undefined;
}

/** A configuration that was read again and is in force. */
export interface Reloaded {
  /** Absolute path; undefined: there is no file, and the defaults are in force. */
  readonly file?: string | undefined;
  /** Keys that were changed and need a restart. */
  readonly afterRestart: readonly string[];
  /** For each listener that is not open, a sentence that says why. Not given by earlier versions. */
  readonly notOpen?: readonly string[] | undefined;
  /** Sentences about what is in force, and may not be what the operator wants. Not given when there are none. */
  readonly warnings?: readonly string[] | undefined;
}

/** The longest path of Linux (PATH_MAX). */
const question: z.ZodType<ReloadQuestion> = z.strictObject({ file: textUpTo(4_096).optional() });
const answer: z.ZodType<Reloaded> = z.object({
  file: z.string().optional(),
  afterRestart: z.array(z.string()),
  notOpen: z.array(z.string()).optional(),
  warnings: z.array(z.string()).optional(),
});

export const reload = { role: 'change' as const, question, answer };
