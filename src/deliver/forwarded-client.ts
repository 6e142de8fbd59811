// What a content filter is told of the client that a message came from (XFORWARD): as much as is stored with the message.

import type { Envelope } from '../message/envelope.ts';
import type { ForwardedClient } from '../protocol/smtp/client/xforward.ts';

export function forwardedClient(envelope: Envelope): ForwardedClient {
  const { origin, queueId } = envelope;
  const { clientAddress: address, helo, via } = origin;
  const isRemote = via === 'smtp' || via === 'lmtp';
  return { address, helo, id: queueId, protocol: isRemote ? protocolOf(envelope) : '', isRemote };
}

/** Whether a client said EHLO is not stored: its parameters tell. */
function protocolOf({ body, envelopeId, origin, recipients, ret, smtpUtf8 }: Envelope): string {
  if (origin.via === 'lmtp') return 'LMTP';
  const usesExtensions =
    body === '8BITMIME' ||
    smtpUtf8 ||
    ret !== undefined ||
    envelopeId !== undefined ||
    recipients.some(({ notify }) => notify !== undefined);
  return usesExtensions ? 'ESMTP' : '';
}
