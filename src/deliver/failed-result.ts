// The result of a recipient that was not delivered, with what a report to the sender and the log need to know.

import type { RecipientOutcome } from '../protocol/smtp/client/client-session.ts';
import type { Envelope } from '../message/envelope.ts';
import type { AttemptResult, ConnectedPlace } from './types.ts';

/** @param recipient - its index in the envelope */
export function failedResult(
  recipient: number,
  outcome: RecipientOutcome,
  envelope: Envelope,
  { host, ip, source }: ConnectedPlace,
): AttemptResult {
  const { tenant } = envelope;
  return {
    recipient,
    result: outcome.result,
    error: outcome.error,
    address: envelope.recipients[outcome.recipient]?.address,
    host,
    remote: ip,
    ...(source !== '' && { source }),
    ...(tenant !== undefined && { tenant }),
  };
}
