// The operations on diversions: which mail that comes in goes to another queue for now.

import { z } from 'zod';
import { diversionRule } from '../../policy/queues/diversion-rule.ts';
import { conditionNames, type Diversion, type DiversionConditions } from '../../values/diversion.ts';
import { hasUnprintable } from '../../values/unprintable.ts';
import { reasonSchema, textUpTo, userSchema } from '../override.ts';
import { noQuestion } from './common.ts';

const mostValues = 100;
const longestValue = 300;
/** Ten years: an end beyond the calendar is a mistake. */
const maxForMs = 3650 * 86_400_000;

export interface NewDiversion {
  readonly queue: string;
  readonly conditions: DiversionConditions;
  /** Not given: it has no end. */
  readonly forMs?: number | undefined;
  readonly reason: string;
  readonly by: string;
}

export interface DiversionEnd {
  /** Not given: all. */
  readonly ids?: readonly string[] | undefined;
}

export interface DiversionEndAnswer {
  readonly ended: readonly Diversion[];
  /** Ids that none has. */
  readonly missing: readonly string[];
}

const values = z
  .array(
    textUpTo(longestValue).refine(
      (text) => !hasUnprintable(text),
      'must be one line, without control characters',
    ),
  )
  .min(1, 'needs one value at least')
  .max(mostValues, `has too many values: ${mostValues} at most`)
  .optional();
const shape = Object.fromEntries(conditionNames.map((name) => [name, values])) as Record<
  (typeof conditionNames)[number],
  typeof values
>;

/** Conditions that can be understood. */
export const conditionsSchema: z.ZodType<DiversionConditions> = z
  .strictObject(shape)
  .superRefine((conditions, context) => {
    try {
      diversionRule(conditions, 0);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    }
  });

const queueName = textUpTo(64).min(1);
const id = z.string().max(20).regex(/^\d+$/u, 'is no number of a diversion');

const kept = {
  id,
  queue: queueName,
  conditions: z.strictObject(shape),
  reason: textUpTo(500),
  setAtMs: z.int(),
  untilMs: z.int().optional(),
  by: textUpTo(100),
  rule: textUpTo(100).optional(),
};

/** A diversion as it is kept and shown. */
export const diversionSchema: z.ZodType<Diversion> = z.strictObject(kept);

export interface AddedDiversion extends Diversion {
  /** Sentences: what the operator may not have meant. */
  readonly warnings?: readonly string[] | undefined;
}

const added: z.ZodType<NewDiversion> = z.strictObject({
  queue: queueName,
  conditions: conditionsSchema,
  forMs: z.int().min(1).max(maxForMs, 'is too long a time: it may be 3650d (ten years) at most').optional(),
  reason: reasonSchema,
  by: userSchema,
});
const answerToAdd: z.ZodType<AddedDiversion> = z.strictObject({
  ...kept,
  warnings: z.array(z.string()).optional(),
});
const end: z.ZodType<DiversionEnd> = z.strictObject({ ids: z.array(id).min(1).max(1_000).optional() });
const endAnswer: z.ZodType<DiversionEndAnswer> = z.object({
  ended: z.array(diversionSchema),
  missing: z.array(z.string()),
});

/** Answered with the diversion, which is on stable storage and in force in all receivers. */
export const addDiversion = { role: 'change' as const, question: added, answer: answerToAdd };
export const listDiversions = {
  role: 'read' as const,
  question: noQuestion,
  answer: z.array(diversionSchema) as z.ZodType<readonly Diversion[]>,
};
/** Answered when none of them is in force in any receiver. */
export const endDiversions = { role: 'change' as const, question: end, answer: endAnswer };

/** What a receiver diverts from now on. */
export const setDiversions = {
  question: z.strictObject({ diversions: z.array(diversionSchema) }) as z.ZodType<{
    readonly diversions: readonly Diversion[];
  }>,
  answer: z.null(),
};
