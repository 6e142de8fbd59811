// The envelope of a message that goes to others instead of a recipient.

import type { DsnNotify, Envelope, EnvelopeRecipient } from '../../message/envelope.ts';
import type { NewEnvelope } from '../onward/new-mail.ts';

/**
 * The sender stays, and so does what it asked for: with one new recipient, reports are those of the recipient (RFC 3461 5.2.7.2: the
 * message is forwarded); with several, this server reports that the address was expanded, so success is not reported again (5.2.7.3).
 * @param recipient - the index of the recipient that is replaced
 * @param isForwarded - the one new recipient is all that becomes of the mail
 */
export function redirectedEnvelope(
  envelope: Envelope,
  recipient: number,
  to: readonly string[],
  isForwarded = to.length === 1,
): NewEnvelope {
  const { queueId: _id, receivedAtMs: _at, quarantine: _held, isExpanded: _expanded, ...rest } = envelope;
  const { address = '', notify, originalRecipient, isCopy } = envelope.recipients[recipient] ?? {};
  const common: Omit<EnvelopeRecipient, 'address'> = {
    ...(notify !== undefined && { notify: isForwarded ? notify : withoutSuccess(notify) }),
    originalRecipient: originalRecipient ?? originalOf(address),
    ...(isCopy === true && { isCopy }),
  };
  return { ...rest, recipients: to.map((each) => ({ address: each, ...common })) };
}

/** NOTIFY without SUCCESS: nothing that is left of it is NEVER (RFC 3461 4.1). */
function withoutSuccess({ failure, delay, never }: DsnNotify): DsnNotify {
  return { never: never || (!failure && !delay), success: false, failure, delay };
}

/** As the sender knows the recipient (RFC 3461 4.2); an address in UTF-8 has another type (RFC 6533 3). */
function originalOf(address: string): string {
  // eslint-disable-next-line no-control-regex -- ASCII
  return `${/^[\x00-\x7f]*$/.test(address) ? 'rfc822' : 'utf-8'};${address}`;
}
