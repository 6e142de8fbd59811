// The operations about sending limits: how much of them is used, to forget what was counted, and what holds for one user.

import { z } from 'zod';
import type { SendingUse } from '../../policy/sending/sending-counts.ts';
import { type SendingKind, sendingKinds, sendingQuantities } from '../../policy/sending/types.ts';
import { userSchema } from '../override.ts';
import { count, text } from './common.ts';

/** How much of one limit is used. */
export type ShownSendingUse = Omit<SendingUse, 'freeAtMs'> & {
  /** Unix ms: when one more is taken, or has its turn; undefined: now. */
  readonly freeAt?: number | undefined;
};

export interface SendingQuestion {
  /** At most this many, those that are used most. */
  readonly most: number;
}

export interface SendingAnswer {
  readonly uses: readonly ShownSendingUse[];
  /** Limits of which something is used. */
  readonly total: number;
}

export interface SendingReset {
  readonly kind: SendingKind;
  /** A user, an address or network, a tenant, a domain. */
  readonly key: string;
  readonly by: string;
}

export interface SenderQuestion {
  readonly user: string;
  /** Envelope sender: tenant and sender domain may depend on it. */
  readonly sender: string;
}

/** What the configuration says about a user who sends. */
export interface SenderAnswer {
  /** Empty: none. */
  readonly tenant: string;
  /** Whose addresses the user may send from, besides those that the directory lists. */
  readonly senders: 'own' | 'listed' | 'any';
  /** The listeners that take log-ins. */
  readonly listeners: readonly { readonly address: string; readonly auth: string; readonly tls: string }[];
  readonly uses: readonly ShownSendingUse[];
}

const use: z.ZodType<ShownSendingUse> = z.object({
  by: z.enum(sendingKinds),
  key: z.string(),
  quantity: z.enum(sendingQuantities),
  rate: z.object({ count: z.number(), perMs: z.number() }),
  beyond: z.enum(['tempfail', 'pace']),
  origin: z.string(),
  used: z.number(),
  ahead: z.number(),
  freeAt: z.number().optional(),
});

const question: z.ZodType<SendingQuestion> = z.strictObject({ most: count.max(1_000_000) });
const answer: z.ZodType<SendingAnswer> = z.object({ uses: z.array(use), total: z.number() });
const reset: z.ZodType<SendingReset> = z.strictObject({
  kind: z.enum(sendingKinds),
  key: text.min(1, 'is empty'),
  by: userSchema,
});
/** Whether anything was counted. */
const wasUsed: z.ZodType<boolean> = z.boolean();
const sender: z.ZodType<SenderQuestion> = z.strictObject({
  user: text.min(1, 'is empty: name a user'),
  sender: text,
});
const senderAnswer: z.ZodType<SenderAnswer> = z.object({
  tenant: z.string(),
  senders: z.enum(['own', 'listed', 'any']),
  listeners: z.array(z.object({ address: z.string(), auth: z.string(), tls: z.string() })),
  uses: z.array(use),
});

export const listSending = { role: 'read' as const, question, answer };
export const resetSending = { role: 'change' as const, question: reset, answer: wasUsed };
export const explainSender = { role: 'read' as const, question: sender, answer: senderAnswer };
