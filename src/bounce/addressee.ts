// Who hears that a message failed. This is what keeps reports from breeding reports (RFC 5321 4.5.5, 6.1): a message with
// the null reverse path causes none, but for a report that this spool itself wrote, which the postmaster hears of once.

import type { Envelope } from '../message/envelope.ts';

/** Where a report about a message goes. */
export type Addressee =
  | { readonly kind: 'sender'; readonly address: string }
  /** The message is a report of our own: its failure is the postmaster's to know, and that is the end of it. */
  | { readonly kind: 'postmaster'; readonly address: string }
  | { readonly kind: 'nobody'; readonly reason: string };

/**
 * Decides by the envelope alone, never by the header: `origin` is written by whoever put the message into the spool,
 * and nothing that a client sends can make it `bounce` or `notice`.
 *
 * @param postmaster - `postmaster` in [bounce]
 */
export function addresseeOf(envelope: Envelope, postmaster: string | undefined): Addressee {
  if (envelope.reversePath !== '') return { kind: 'sender', address: envelope.reversePath };
  switch (envelope.origin.via) {
    case 'smtp':
    case 'sendmail':
      // RFC 5321 4.5.5: nothing may be sent because of it, to the postmaster neither: two relays whose postmasters have
      // their mailboxes at each other would report their reports for ever.
      return nobody('it came with the empty sender, and such a message is never answered by a report');
    case 'notice':
      return nobody('it is a notice to the postmaster');
    case 'bounce':
      if (postmaster === undefined) {
        return nobody('it is a report of this server, and [bounce] names no postmaster to hear of it');
      }
      // Mail of the postmaster's own; and notices of spools from before notices were marked.
      if (envelope.recipients.some(({ address }) => isSame(address, postmaster))) {
        return nobody('it is a report to the postmaster');
      }
      return { kind: 'postmaster', address: postmaster };
  }
}

/** Local parts may tell case apart (RFC 5321 2.4). Here that would only be a second notice to the same mailbox. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function nobody(reason: string): Addressee {
  return { kind: 'nobody', reason };
}
