// The operations `queue.change`, `job.list` and `job.cancel`: hold, release, retry, reroute, remove, bounce and move, as jobs that the manager
// does in small slices. A job tells its progress, and can be cancelled: what it has done by then stays done.

import { z } from 'zod';
import type { QueueFilter } from '../queue-row.ts';
import { noQuestion, text } from './common.ts';
import { filterSchema } from './queue-list.ts';

export const queueActions = ['retry', 'reroute', 'hold', 'release', 'remove', 'bounce', 'move'] as const;
export type QueueAction = (typeof queueActions)[number];

export interface QueueChange {
  readonly action: QueueAction;
  readonly filter: QueueFilter;
  /** Of a `move`: the name of the queue that gets the mail; `default` is that of [queue]. */
  readonly to?: string | undefined;
  /** Nothing is changed: the report says what would be. */
  readonly dryRun?: boolean | undefined;
  /** The answer comes at once, and the job goes on when nobody waits for it. Otherwise it belongs to its connection. */
  readonly detach?: boolean | undefined;
}

/** How far a job has come. */
export interface JobProgress {
  /** Messages that were looked at. */
  readonly seen: number;
  /** Messages in the queue when the job began. */
  readonly of: number;
  /** Recipients that were changed and, as far as the disk can be written, are on stable storage; or that would be changed. */
  readonly recipients: number;
  /** Their messages. */
  readonly messages: number;
}

export interface JobReport extends JobProgress {
  /** Number of the job; the first one of a manager is 1. */
  readonly job: number;
  readonly action: QueueAction;
  readonly dryRun: boolean;
  /** `failed`: by a fault of Sluice, which `reason` tells. */
  readonly state: 'running' | 'done' | 'cancelled' | 'failed';
  /** Unix ms. */
  readonly startedAtMs: number;
  /** Recipients for which the change is in force, but not on the disk. */
  readonly unstored: number;
  /** Recipients that were not changed, because the report about them, or the message in the other queue, cannot be stored. */
  readonly refused: number;
  /** Why something could not be stored, or why the job failed; otherwise empty. */
  readonly reason: string;
  /** Of a dry run: the recipients that would be changed. */
  readonly preview?: JobPreview | undefined;
}

/** Numbers of recipients, the largest first. */
export interface JobPreview {
  readonly states: readonly Tally[];
  /** Those with most recipients. */
  readonly domains: readonly Tally[];
  /** Recipients of all other domains. */
  readonly otherDomains: number;
  /** Of a `reroute`: the moves with most recipients. */
  readonly moves?: readonly MoveTally[] | undefined;
  /** Recipients of all other moves. */
  readonly otherMoves?: number | undefined;
}

/** Recipients that would go another way. */
export interface MoveTally {
  readonly from: string;
  readonly to: string;
  readonly recipients: number;
}

export interface Tally {
  readonly name: string;
  readonly recipients: number;
}

export interface JobName {
  readonly job: number;
}

const change: z.ZodType<QueueChange> = z
  .strictObject({
    action: z.enum(queueActions),
    filter: filterSchema,
    to: text.optional(),
    dryRun: z.boolean().optional(),
    detach: z.boolean().optional(),
  })
  .refine(({ action, to }) => (action === 'move') === (to !== undefined), {
    message: 'a move needs the name of a queue, and nothing else has one',
    path: ['to'],
  });

const progressFields = { seen: z.number(), of: z.number(), recipients: z.number(), messages: z.number() };
const progress: z.ZodType<JobProgress> = z.object(progressFields);

const tallies = z.array(z.object({ name: z.string(), recipients: z.number() }));
const report: z.ZodType<JobReport> = z.object({
  ...progressFields,
  job: z.number(),
  action: z.enum(queueActions),
  dryRun: z.boolean(),
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  startedAtMs: z.number(),
  unstored: z.number(),
  refused: z.number(),
  reason: z.string(),
  preview: z
    .object({
      states: tallies,
      domains: tallies,
      otherDomains: z.number(),
      moves: z.array(z.object({ from: z.string(), to: z.string(), recipients: z.number() })).optional(),
      otherMoves: z.number().optional(),
    })
    .optional(),
});

const name: z.ZodType<JobName> = z.strictObject({ job: z.int().min(1) });
const reports: z.ZodType<readonly JobReport[]> = z.array(report);

export const changeQueue = { role: 'change' as const, question: change, part: progress, answer: report };
/** The jobs at work, and those that have ended lately; the newest first. */
export const listJobs = { role: 'read' as const, question: noQuestion, answer: reports };
/** Answered when the job has ended. */
export const cancelJob = { role: 'change' as const, question: name, answer: report };
