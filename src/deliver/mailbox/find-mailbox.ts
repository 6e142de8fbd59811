// Whose mailbox an address is: the user with this address or alias, or with the address without its extension.

import { domainOf } from '../../address/domain.ts';
import type { FoundUser, User } from '../../directory/types.ts';
import { mailboxKeys, withoutQuotes } from '../../policy/mailbox-keys.ts';
import type { UserFinder } from './user-lookups.ts';

/** `extension`: what the address has behind the separator; empty for nothing. */
export interface FoundMailbox {
  readonly kind: 'user';
  readonly user: User;
  readonly extension: string;
}

/** @param separators - characters of which the first one begins an extension */
export async function findMailbox(
  users: UserFinder,
  address: string,
  separators: string,
): Promise<FoundMailbox | Exclude<FoundUser, { readonly kind: 'user' }>> {
  const domain = domainOf(address);
  const localPart = address.slice(0, Math.max(0, address.lastIndexOf('@')));
  for (const key of mailboxKeys(localPart, domain, { key: 'address', separators })) {
    // A directory has no entry for all names of a domain.
    if (key.startsWith('@')) break;
    const found = await users.find(key);
    if (found.kind === 'failing') return found;
    // As it was written: folders have their names in upper and lower case.
    const extension = withoutQuotes(localPart).slice(key.lastIndexOf('@') + 1);
    if (found.kind === 'user') return { kind: 'user', user: found.user, extension };
  }
  return { kind: 'absent' };
}
