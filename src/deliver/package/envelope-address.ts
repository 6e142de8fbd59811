// Addresses in the envelopes of QMQP and QMTP are no paths of SMTP: qmail has their local parts without quotes.

import { partsOf } from '../../address/mailbox-parts.ts';

/** @param path - as in MAIL and RCPT, without angle brackets; empty for the null path */
export function envelopeAddress(path: string): string {
  if (!path.includes('@')) return path;
  const { content, domain } = partsOf(path);
  return `${content}@${domain}`;
}
