// What a connection keeps of a message once its content is with the socket: a slow answer must not keep the rest in
// memory, and thousands of connections may wait for one.

import type { Envelope } from '../message/envelope.ts';
import type { StoredMessage } from '../spool/types.ts';

export interface MessageInHand {
  /** Of its recipients only those of the transaction, in their order there. */
  readonly envelope: Envelope;
  readonly sizeBytes: number;
}

/** @param recipients - those of the transaction, as indexes in the envelope */
export function messageInHand(message: StoredMessage, recipients: readonly number[]): MessageInHand {
  const { envelope, sizeBytes } = message;
  // A mailing list's envelope can be larger than its content, and most of it is for other connections.
  const chosen = recipients.flatMap((index) => envelope.recipients[index] ?? []);
  return { envelope: { ...envelope, recipients: chosen }, sizeBytes };
}
