// Reads the message of a transaction from the spool, and finds out what MAIL has to say about it.

import type { SpoolReader, StoredMessage } from '../spool/types.ts';
import { headerNeedsUtf8 } from './needs-utf8.ts';
import type { Work } from './types.ts';

export interface OpenedMessage {
  readonly message: StoredMessage;
  /** MAIL must ask for SMTPUTF8 (RFC 6531 3.4). */
  readonly needsUtf8: boolean;
  /** What MAIL has for a sender, when it is not that of the envelope. */
  readonly sentAs?: string | undefined;
}

/**
 * Opens the message of a transaction; without a promise when it was written a moment ago and is small.
 * @throws {SpoolError} through the promise, when the message cannot be read
 */
export function openMessage(spool: SpoolReader, work: Work): OpenedMessage | Promise<OpenedMessage> {
  if (!work.fresh) return openSlowly(spool, work);
  let message: StoredMessage;
  try {
    message = spool.readFresh(work.ref);
  } catch {
    // `read` can do more than `readFresh`: it recovers from a damaged header or envelope.
    return openSlowly(spool, work);
  }
  return withNeeds(message);
}

async function openSlowly(spool: SpoolReader, work: Work): Promise<OpenedMessage> {
  return withNeeds(await spool.read(work.ref));
}

function withNeeds(message: StoredMessage): OpenedMessage | Promise<OpenedMessage> {
  const needsUtf8 = message.envelope.smtpUtf8 && headerNeedsUtf8(message);
  if (typeof needsUtf8 === 'boolean') return { message, needsUtf8 };
  return needsUtf8.then((needed) => ({ message, needsUtf8: needed }));
}
