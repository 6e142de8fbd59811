// The operation `srs.sender`: with which sender a message of the queue is passed on, on a route that rewrites foreign senders.

import { z } from 'zod';
import type { KeptReason, SrsFault } from '../../srs/srs-types.ts';
import { text } from './common.ts';

export interface SenderQuestion {
  /** The reverse path; empty: the null sender. */
  readonly sender: string;
  /** When the message came, Unix ms. */
  readonly receivedAtMs: number;
}

/** What becomes of a sender. */
export type ShownSender =
  | { readonly kind: 'rewritten'; readonly address: string }
  | { readonly kind: 'kept'; readonly reason: KeptReason }
  /** It cannot be told now, and the mail waits. */
  | { readonly kind: 'lacking'; readonly reason: string };

/** What mail to an SRS address of this server leads to. */
export type ShownReversal =
  | { readonly kind: 'original'; readonly address: string }
  | { readonly kind: 'invalid'; readonly fault: SrsFault }
  | { readonly kind: 'lacking'; readonly reason: string };

export const shownReversalSchema: z.ZodType<ShownReversal> = z.union([
  z.object({ kind: z.literal('original'), address: z.string() }),
  z.object({
    kind: z.literal('invalid'),
    fault: z.enum(['not-srs', 'malformed', 'wrong-hash', 'expired', 'from-the-future']),
  }),
  z.object({ kind: z.literal('lacking'), reason: z.string() }),
]);

const question: z.ZodType<SenderQuestion> = z.strictObject({ sender: text, receivedAtMs: z.number() });

export const shownSenderSchema: z.ZodType<ShownSender> = z.union([
  z.object({ kind: z.literal('rewritten'), address: z.string() }),
  z.object({ kind: z.literal('kept'), reason: z.enum(['null', 'own', 'literal', 'too-long']) }),
  z.object({ kind: z.literal('lacking'), reason: z.string() }),
]);

export const srsSender = { role: 'read' as const, question, answer: shownSenderSchema };
