// Makes the result of a recipient that was not delivered, with the facts that its log line needs.

import type { Envelope } from '../message/envelope.ts';
import type { Refusal } from '../message/refusal.ts';
import type { AttemptResult, ConnectedPlace } from './types.ts';

/**
 * @param recipient - its index in the envelope
 * @param at - its index among the recipients of the transaction
 */
export function failedResult(
  recipient: number,
  at: number,
  refusal: Refusal,
  envelope: Envelope,
  { source }: ConnectedPlace,
): AttemptResult & { readonly result: 'refused' } {
  const { tenant } = envelope;
  return {
    recipient,
    result: 'refused',
    refusal,
    address: envelope.recipients[at]?.address,
    ...(source !== '' && { source }),
    ...(tenant !== undefined && { tenant }),
  };
}
