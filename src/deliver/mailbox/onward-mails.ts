// The messages that an alias or a user's forward leads to.

import { accountKey } from '../../directory/account-key.ts';
import type { User } from '../../directory/types.ts';
import type { OnwardMail } from '../../values/onward-mail.ts';
import type { AliasGroup } from './expand-alias.ts';

/** By this field, mail that comes by a second time is found. */
export function deliveredTo(address: string): string {
  return `Delivered-To: ${address}\r\n`;
}

/**
 * One message for each owner: reports about it go there, and no more to the sender (RFC 5321 3.9.2). A report has the empty sender, and keeps it, so
 * that nobody reports about reports (4.5.5).
 * @param address - the recipient, which is an alias
 */
export function aliasMails(
  groups: readonly AliasGroup[],
  address: string,
  sender: string,
): readonly OnwardMail[] {
  return groups.map(({ owner, addresses }) => ({
    reason: 'alias',
    reversePath: sender === '' ? '' : (owner ?? sender),
    recipients: addresses,
    fields: deliveredTo(address),
    isExpanded: true,
  }));
}

/** What a user has forwarded. */
export interface UserForward {
  /** Undefined: nothing is. */
  readonly mail: OnwardMail | undefined;
  /** The mail is put into the mailbox, too. */
  readonly keepsCopy: boolean;
}

/** A forward to the user's own address keeps a copy: it would come back. */
export function userForward(
  { address: own, aliases, forward = [], keepCopy = false }: User,
  address: string,
  sender: string,
): UserForward {
  const names = new Set([own, ...aliases, accountKey(address)]);
  // As they are written: upper and lower case may matter elsewhere (RFC 5321 2.4).
  const recipients = [...new Map(forward.map((each) => [accountKey(each), each]))].flatMap(([key, each]) =>
    names.has(key) ? [] : each,
  );
  if (recipients.length === 0) return { mail: undefined, keepsCopy: true };
  const namesItself = forward.some((each) => names.has(accountKey(each)));
  const mail = { reason: 'forward', reversePath: sender, recipients, fields: deliveredTo(address) } as const;
  return { mail, keepsCopy: keepCopy || namesItself };
}
