// The operations on overrides: what operators suspend and limit while Sluice runs, and take back.

import { z } from 'zod';
import type { LimitQuantities } from '../../schedule/limits/types.ts';
import {
  type Override,
  type OverrideKind,
  quantitiesSchema,
  reasonSchema,
  targetSchema,
  userSchema,
} from '../override.ts';
import { noQuestion, shownOverrideSchema } from './common.ts';

export interface OverrideChange {
  readonly kind: OverrideKind;
  /** As `parseTarget` reads them. Either all are changed or none. */
  readonly targets: readonly string[];
  /** Given for a limit only. */
  readonly quantities?: LimitQuantities | undefined;
  /** Not given: it has no end. */
  readonly forMs?: number | undefined;
  readonly reason: string;
  readonly by: string;
}

export interface OverrideEnd {
  readonly kind: OverrideKind;
  readonly targets: readonly string[];
}

export interface OverrideEndAnswer {
  readonly ended: readonly Override[];
  /** Targets without an override of their own, each with the overrides that still apply to it. */
  readonly missing: readonly { readonly target: string; readonly heldBy: readonly string[] }[];
}

const mostTargets = 1_000;
/** Ten years: an end beyond the calendar is a mistake. */
const mostForDays = 3650;
const maxForMs = mostForDays * 86_400_000;

const kind = z.enum(['suspend', 'limit']);
const targets = z
  .array(targetSchema)
  .min(1, 'are missing: name one at least')
  .max(mostTargets, `are too many: ${mostTargets} can be named at once`);

const change: z.ZodType<OverrideChange> = z
  .strictObject({
    kind,
    targets,
    quantities: quantitiesSchema.optional(),
    forMs: z
      .int()
      .min(1)
      .max(maxForMs, `is too long a time: it may be ${mostForDays}d (ten years) at most`)
      .optional(),
    reason: reasonSchema,
    by: userSchema,
  })
  .refine((given) => (given.kind === 'limit') === (given.quantities !== undefined), {
    message: 'a limit has quantities, and a suspension has none',
  });

const end: z.ZodType<OverrideEnd> = z.strictObject({ kind, targets });

const overrides: z.ZodType<readonly Override[]> = z.array(shownOverrideSchema);

const endAnswer: z.ZodType<OverrideEndAnswer> = z.object({
  ended: z.array(shownOverrideSchema),
  missing: z.array(z.object({ target: z.string(), heldBy: z.array(z.string()) })),
});

export const listOverrides = { role: 'read' as const, question: noQuestion, answer: overrides };
/** Answered with the overrides that are now in force, and on stable storage. */
export const setOverrides = { role: 'change' as const, question: change, answer: overrides };
export const unsetOverrides = { role: 'change' as const, question: end, answer: endAnswer };
