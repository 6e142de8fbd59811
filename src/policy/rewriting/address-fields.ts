// Which fields of a header have addresses of senders, and which of recipients.

import type { AddressClass } from '../../values/address-classes.ts';

/**
 * The fields with address lists, by their names in lower case: RFC 5322 3.6.2, 3.6.3 and 3.6.6, RFC 8098 2.1, and some that programs use. They
 * are those of Postfix, which takes Resent-Reply-To, that is obsolete (RFC 5322 4.5.6), for one of recipients.
 */
const classes: ReadonlyMap<string, AddressClass> = new Map([
  ...(
    [
      'from',
      'sender',
      'reply-to',
      'resent-from',
      'resent-sender',
      'mail-followup-to',
      'disposition-notification-to',
      'return-receipt-to',
      'errors-to',
    ] as const
  ).map((name) => [name, 'header-sender'] as const),
  ...(
    ['to', 'cc', 'bcc', 'apparently-to', 'resent-to', 'resent-cc', 'resent-bcc', 'resent-reply-to'] as const
  ).map((name) => [name, 'header-recipient'] as const),
]);

/** @param name - of a field, in lower case */
export function classOfField(name: string): AddressClass | undefined {
  return classes.get(name);
}
