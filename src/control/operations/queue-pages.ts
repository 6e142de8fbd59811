// How the control process reads the manager's queue: page by page, and messages that it could not read one by one.

import { z } from 'zod';
import type { StoredRef } from '../../spool/types.ts';
import type { QueueFilter, RowFacts } from '../queue-row.ts';
import { noQuestion, text } from './common.ts';
import { filterSchema, refSchema, rowFacts } from './queue-list.ts';

export interface PageQuestion {
  readonly filter: QueueFilter;
  /** From the page before; not given: the first page. */
  readonly cursor?: number | undefined;
}

/** A row as the manager knows it: the addresses are in the spool. */
export interface SourceRow extends RowFacts {
  /** The manager's own number of the message, to find it again at once. */
  readonly message: number;
  readonly recipientIndex: number;
  readonly ref: StoredRef;
}

/** A page of the queue; `cursor` asks for the next page and is undefined after the last one. */
export interface QueuePage {
  readonly rows: readonly SourceRow[];
  readonly cursor?: number | undefined;
}

/** A message, by its id and the manager's own number. */
export interface NamedMessage {
  readonly queueId: string;
  readonly message: number;
}

/** The manager's answer about a message that is in the queue. */
export interface ExaminedMessage {
  readonly queueId: string;
  /** Where it is now. */
  readonly ref: StoredRef;
  /** Why its envelope is damaged; undefined when it is readable, or may be later. */
  readonly damage?: string | undefined;
}

const pageQuestion: z.ZodType<PageQuestion> = z.strictObject({
  filter: filterSchema,
  cursor: z.int().optional(),
});

const queuePage: z.ZodType<QueuePage> = z.object({
  rows: z.array(z.object({ ...rowFacts, message: z.number(), recipientIndex: z.number(), ref: refSchema })),
  cursor: z.number().optional(),
});

const named: z.ZodType<readonly NamedMessage[]> = z.array(
  z.strictObject({ queueId: text, message: z.int() }),
);

const examined: z.ZodType<readonly ExaminedMessage[]> = z.array(
  z.object({ queueId: z.string(), ref: refSchema, damage: z.string().optional() }),
);

export const page = { question: pageQuestion, answer: queuePage };
/** Examines messages that could not be read; the answer leaves out those that are no longer in the queue. */
export const examine = { question: named, answer: examined };
/** Answered in a turn of the manager's event loop: that shows that it runs, even while a long answer takes its time. */
export const ping = { question: noQuestion, answer: z.null() };
