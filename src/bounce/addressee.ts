// Decides who gets the report about a failed message. This prevents loops of reports (RFC 5321 4.5.5, 6.1): a message with the
// null reverse path causes no report, except that the postmaster gets one notice about each report of this server that failed.

import type { Envelope } from '../message/envelope.ts';

/** Where a report about a message goes. */
export type Addressee =
  | { readonly kind: 'sender'; readonly address: string }
  /** The message is a report of our own: the postmaster gets a notice, and nobody else a report. */
  | { readonly kind: 'postmaster'; readonly address: string }
  | { readonly kind: 'nobody'; readonly reason: string };

/**
 * Decides by the envelope alone, never by the header: `origin` is set by the part of Sluice that wrote the message into the
 * spool, and no client can make it `bounce` or `notice`.
 *
 * @param postmaster - `postmaster` in [bounce]
 */
export function addresseeOf(envelope: Envelope, postmaster: string | undefined): Addressee {
  if (envelope.reversePath !== '') return { kind: 'sender', address: envelope.reversePath };
  switch (envelope.origin.via) {
    case 'smtp':
    case 'lmtp':
    case 'sendmail':
      // RFC 5321 4.5.5: no mail may be sent because of it, not even to the postmaster: two relays whose postmasters have their
      // mailboxes at each other would report their reports for ever.
      return nobody('it came with the empty sender, and such a message is never answered by a report');
    case 'notice':
      return nobody('it is a notice to the postmaster');
    case 'bounce':
      if (postmaster === undefined) {
        return nobody('it is a report of this server, and [bounce] names no postmaster to hear of it');
      }
      // Also covers notices in an old spool, which are marked as `bounce`.
      if (envelope.recipients.some(({ address }) => isSame(address, postmaster))) {
        return nobody('it is a report to the postmaster');
      }
      return { kind: 'postmaster', address: postmaster };
  }
}

/** Ignores case. Local parts may depend on it (RFC 5321 2.4), but here that could only cause a second notice. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function nobody(reason: string): Addressee {
  return { kind: 'nobody', reason };
}
