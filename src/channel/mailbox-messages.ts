// What a sender tells of mailboxes that take no more mail, by way of the manager, so that receivers refuse mail for them at RCPT.

import type { MailboxState } from '../values/mailbox-way.ts';

export interface MailboxTold {
  readonly kind: 'mailbox';
  /** The address of the user, or `@example.com` for all users of a domain. */
  readonly user: string;
  readonly state: MailboxState;
}
