// The operation `queue-list`: the recipients that wait. Rows come in pieces, before an answer that says only that these were all.

import { z } from 'zod';
import { refusedSteps } from '../../message/refusal-form.ts';
import type { Refusal } from '../../message/refusal.ts';
import type { StoredRef } from '../../spool/types.ts';
import type { QueueFilter, QueueRow, RowFacts } from '../queue-row.ts';
import { count, text } from './common.ts';
import type { Rights } from './operation.ts';

export interface QueueListQuestion {
  readonly filter: QueueFilter;
  /** At most this many rows; 0: all. */
  readonly limit: number;
  /** Rows say where their messages are stored. */
  readonly located?: boolean | undefined;
}

const ageMs = z.number().min(0);
export const filterSchema: z.ZodType<QueueFilter> = z.strictObject({
  ids: z.array(text).optional(),
  sender: text.optional(),
  recipient: text.optional(),
  domain: text.optional(),
  tenant: text.optional(),
  queue: text.optional(),
  state: text.optional(),
  route: text.optional(),
  olderThanMs: ageMs.optional(),
  newerThanMs: ageMs.optional(),
  quarantine: text.optional(),
});

export const refSchema: z.ZodType<StoredRef> = z.object({
  store: z.number(),
  place: z.array(z.number()),
});

const peer = { host: z.string(), address: z.string(), port: z.number() };
const refusal: z.ZodType<Refusal> = z.object({
  by: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('local') }),
    z.object({ kind: z.literal('damage') }),
    z.object({ kind: z.literal('connection'), ...peer }),
    z.object({ kind: z.literal('remote'), ...peer }),
  ]),
  during: z.enum(refusedSteps),
  code: z.number(),
  enhanced: z.string(),
  lines: z.array(z.string()),
  permanent: z.boolean(),
});

const facts = {
  queueId: z.string(),
  receivedAtMs: z.number(),
  domain: z.string(),
  tenant: z.string(),
  queue: z.string().optional(),
  state: z.enum(['resolving', 'waiting', 'ready', 'active', 'held', 'stored', 'damaged']),
  isHeld: z.boolean(),
  attempts: z.number(),
  nextAttemptAtMs: z.number(),
  lastError: z.string(),
  lastRefusal: refusal.optional(),
  waitsFor: z.string().optional(),
  quarantine: z.string().optional(),
  rewritesSender: z.literal(true).optional(),
  setAside: z.string().optional(),
  way: z.string().optional(),
  routeName: z.string().optional(),
  sizeBytes: z.number().optional(),
} satisfies Record<Exclude<keyof RowFacts, 'ref'>, z.ZodType>;

const question: z.ZodType<QueueListQuestion> = z.strictObject({
  filter: filterSchema,
  limit: count,
  located: z.boolean().optional(),
});

const row: z.ZodType<QueueRow> = z.object({
  ...facts,
  sender: z.string(),
  recipient: z.string(),
  originalRecipient: z.string().optional(),
  user: z.string().optional(),
  ref: refSchema.optional(),
});

const allTold: z.ZodType<null> = z.null();

/** Where a message is stored is for those who may read it. */
function role({ located }: QueueListQuestion): Rights {
  return located === true ? 'change' : 'read';
}

export const listQueue = { role, question, part: row, answer: allTold };
export const rowFacts = facts;
