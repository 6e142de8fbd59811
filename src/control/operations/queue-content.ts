// The operation `queue.content`: one message as it is stored, for operators who may not read the spool themselves. Its envelope
// comes first, then its bytes in pieces; the answer tells what is damaged.

import { z } from 'zod';
import { isQueueId } from '../../spool/queue-id.ts';
import type { StoredRef } from '../../spool/types.ts';
import { text } from './common.ts';
import { refSchema } from './queue-list.ts';

export interface ContentQuestion {
  readonly queueId: string;
  /** From `queue-list` with `located`. */
  readonly ref: StoredRef;
}

export type ContentPart =
  /** The envelope as JSON; null when it is damaged. */
  | { readonly kind: 'envelope'; readonly json: string | null }
  | { readonly kind: 'bytes'; readonly base64: string };

export interface ContentAnswer {
  /** Sentences that tell what is damaged or missing. */
  readonly faults: readonly string[];
}

const question: z.ZodType<ContentQuestion> = z.strictObject({
  // It names a file, and must not lead out of its folder.
  queueId: text.refine(isQueueId, 'is no queue id'),
  ref: refSchema,
});
const part: z.ZodType<ContentPart> = z.union([
  z.object({ kind: z.literal('envelope'), json: z.string().nullable() }),
  z.object({ kind: z.literal('bytes'), base64: z.string() }),
]);
const answer: z.ZodType<ContentAnswer> = z.object({ faults: z.array(z.string()) });

/** Contents of mail are for those with full rights only, although reading them changes nothing. */
export const readContent = { role: 'change', question, part, answer } as const;
