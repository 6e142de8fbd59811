// The operation `queue.change`: hold, release, retry, remove or bounce.

import { z } from 'zod';
import type { QueueFilter } from '../queue-row.ts';
import { text } from './common.ts';
import { filterSchema } from './queue-list.ts';

export const queueActions = ['retry', 'hold', 'release', 'remove', 'bounce'] as const;
export type QueueAction = (typeof queueActions)[number];

export interface QueueChange {
  readonly action: QueueAction;
  readonly filter: QueueFilter;
}

/** A change of chosen recipients, as the control process asks the manager. */
export interface ChosenChange {
  readonly action: QueueAction;
  readonly recipients: readonly ChosenRecipient[];
}

export interface ChosenRecipient {
  readonly message: number;
  readonly sender: string;
  readonly address: string;
  readonly queueId: string;
  readonly recipient: number;
}

/** The result of a change, as numbers of recipients. */
export interface ChangeResult {
  /** Recipients that were changed. */
  readonly changed: number;
  /** Recipients for which the change is in force, but not on the disk. */
  readonly unstored: number;
  /** Recipients that were not changed, because the report about them cannot be stored. */
  readonly refused: number;
  /** Why something could not be stored; empty when everything was. */
  readonly reason: string;
}

const action = z.enum(queueActions);
const question: z.ZodType<QueueChange> = z.strictObject({ action, filter: filterSchema });
/** How many recipients were changed. */
const answer: z.ZodType<number> = z.number();

const chosen: z.ZodType<ChosenChange> = z.strictObject({
  action,
  recipients: z.array(
    z.strictObject({
      message: z.int(),
      sender: z.string(),
      address: z.string(),
      queueId: text,
      recipient: z.int().min(0),
    }),
  ),
});
const result: z.ZodType<ChangeResult> = z.object({
  changed: z.number(),
  unstored: z.number(),
  refused: z.number(),
  reason: z.string(),
});

export const changeQueue = { question, answer };
export const changeChosen = { question: chosen, answer: result };
