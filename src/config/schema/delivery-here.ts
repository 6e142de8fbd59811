// The tables that say where mail is that is delivered on this host.

import { key } from './fields.ts';
import { localUsers } from './local.ts';
import { mailboxes } from './mailboxes.ts';

export const deliveryHere = {
  mailboxes: key(
    mailboxes.prefault({}),
    'Where the mailboxes are that a [[route]] with mailbox = true delivers into. docs/mailboxes.md has an example.',
  ),
  local: key(
    localUsers.prefault({}),
    'How mail for users of the system is delivered, on each [[route]] with local = true. docs/system-users.md says more.',
  ),
};
