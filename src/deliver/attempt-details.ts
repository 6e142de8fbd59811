// What is told of an attempt beside its result, where somebody wants to know: a plugin that is told of attempts.

import type { Envelope } from '../message/envelope.ts';
import type { RecipientOutcome } from '../protocol/smtp/client/client-session.ts';
import type { TlsFacts } from '../values/tls-outcome.ts';
import type { AttemptDetails } from './types.ts';

/** What is known of a transaction that is over. */
export interface FinishedTransaction {
  /** Ms from its beginning to its end. */
  readonly durationMs: number;
  /** Undefined for a session in clear. */
  readonly tls: TlsFacts | undefined;
}

/** @param envelope - with only the recipients of the transaction */
export function attemptDetails(
  envelope: Envelope,
  outcome: RecipientOutcome,
  { durationMs, tls }: FinishedTransaction,
): AttemptDetails {
  const { address: recipient = '', isCopy = false } = envelope.recipients[outcome.recipient] ?? {};
  return {
    sender: envelope.reversePath,
    recipient,
    isCopy,
    durationMs,
    ...(outcome.result === 'delivered' && {
      reply: {
        code: outcome.reply.code,
        enhanced: outcome.reply.enhanced,
        lines: outcome.reply.lines,
      },
    }),
    ...(tls !== undefined && {
      tls: { version: tls.version, cipher: tls.cipher, verification: tls.verification },
    }),
  };
}
