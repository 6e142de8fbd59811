// Which addresses a user who has logged in may send from (RFC 6409 6.1).

import { domainOf } from '../address/domain.ts';
import type { User } from '../directory/types.ts';
import { tableKey } from '../table/table-key.ts';
import { mailboxKeys } from './mailbox-keys.ts';

/** `own`: the address, its aliases, and the `senders` of the directory. `listed`: the `senders` alone. */
export type SenderRights = 'own' | 'listed';

/**
 * @param address - without brackets
 * @param separators - characters that begin a subaddress, such as `+`; empty for none
 */
export function maySendFrom(user: User, address: string, rights: SenderRights, separators: string): boolean {
  const localPart = address.slice(0, address.lastIndexOf('@'));
  // With `@domain` at the end, which means all of a domain here.
  const keys = mailboxKeys(localPart, domainOf(address), { key: 'address', separators });
  const isAmong = (list: readonly string[]): boolean => list.some((each) => keys.includes(tableKey(each)));
  if (isAmong(user.senders)) return true;
  const own = [user.address, ...user.aliases];
  return rights === 'own' && isAmong(own.filter((each) => !each.startsWith('@')));
}
