// Where the mailbox of a user is: the path of [mailboxes], unless the source of the directory that knows the user says where it is.

import { dirname, normalize } from 'node:path';
import { fillMailboxPath, mailboxBase } from '../values/mailbox-path.ts';
import type { MailboxSettings } from '../values/mailbox-way.ts';
import type { QuotaUser } from '../values/shared-quotas.ts';

/** What is known of a user: part of `User` of the directory. */
export interface MailboxUser extends QuotaUser {
  readonly mailbox?: string | undefined;
}

/** `base` is a folder above, or the same one, which must be there already: it is made for no delivery. */
export interface MailboxPlace {
  readonly kind: 'place';
  readonly path: string;
  readonly base: string;
}

/** Nobody can tell where the mailbox is. `why` is a clause; what it tells of is a fault of this host. */
export interface NoMailboxPlace {
  readonly kind: 'fault';
  readonly why: string;
}

/** Never rejects and never throws: what a source says may be anything. */
export function placeOf(
  { path: template }: Pick<MailboxSettings, 'path'>,
  { address, mailbox }: MailboxUser,
): MailboxPlace | NoMailboxPlace {
  if (mailbox !== undefined) return ownPlace(mailbox);
  const at = address.lastIndexOf('@');
  const [user, domain] = at === -1 ? [address, ''] : [address.slice(0, at), address.slice(at + 1)];
  const filled = fillMailboxPath(template, { user, domain });
  if (filled.kind === 'filled') return { kind: 'place', path: filled.path, base: mailboxBase(template) };
  const what = filled.variable === 'user' ? 'name' : 'domain';
  return { kind: 'fault', why: `the ${what} of the user ${filled.why}` };
}

/** In the words of the source: a path, perhaps with the format in front, as Dovecot writes it. */
function ownPlace(mailbox: string): MailboxPlace | NoMailboxPlace {
  const fault = (why: string): NoMailboxPlace => ({
    kind: 'fault',
    why: `the directory names the mailbox ${JSON.stringify(mailbox.slice(0, 200))}, which ${why}`,
  });
  const path = mailbox.replace(/^maildir:/u, '');
  if (!path.startsWith('/')) return fault('is no absolute path of a Maildir');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x1f\x7f%~]|\$\{/.test(path)) return fault('has a variable or a control character');
  if (path.split('/').includes('..')) return fault('leads upwards by ".."');
  const clean = normalize(path).replace(/(?<=.)\/$/u, '');
  if (clean === '/') return fault('is the root of all folders');
  return { kind: 'place', path: clean, base: dirname(clean) };
}
