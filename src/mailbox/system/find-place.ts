// Whom mail for an address of this system is delivered as: the user of the address, or the one who gets what is for no user. Promise: never root.

import { partsOf } from '../../address/mailbox-parts.ts';
import { findReading, type Reading } from '../../instructions/address-user.ts';
import { type Fault, fault } from '../../instructions/types.ts';
import type { FoundUser, SystemUser } from '../../io/system-users.ts';
import type { SystemSettings } from '../../values/system-way.ts';

export type SystemPlace = Omit<Reading, 'user'> & {
  readonly kind: 'place';
  readonly account: SystemUser;
  /** The address is for no user: it is one of those that the user `alias` may have a file for. */
  readonly isAliasUser: boolean;
};

export type FindUser = (user: string) => Promise<FoundUser>;

const noMailbox = fault('5.1.1', 'there is no such mailbox here');

export async function findPlace(
  settings: Pick<SystemSettings, 'separators' | 'leastUid' | 'aliasUser' | 'instructions'>,
  address: string,
  find: FindUser,
): Promise<SystemPlace | Fault> {
  const { separators, leastUid, instructions } = settings;
  let isRoot = false;
  const looked = await findReading(address, separators, async (user) => {
    const found = await find(user);
    if (found.kind !== 'user' || found.uid >= Math.max(1, leastUid)) return found;
    isRoot ||= found.uid === 0;
    return { kind: 'absent' } as const;
  });
  if (looked.kind === 'failing') return cannotTell(looked.reason);
  if (looked.kind === 'found') {
    const { separator, extension, account } = looked;
    return { kind: 'place', separator, extension, account, isAliasUser: false };
  }
  // qmail-getpw(8): the user alias has the mail of everybody else, in files such as ~alias/.qmail-postmaster.
  if (instructions === 'qmail') {
    const alias = await findAliasUser(settings, find);
    if (alias.kind === 'failing') return cannotTell(alias.reason);
    const extension = partsOf(address).content.toLowerCase();
    if (alias.kind === 'user')
      return { kind: 'place', separator: '-', extension, account: alias, isAliasUser: true };
  }
  return isRoot
    ? fault('4.3.5', 'mail is never delivered as root: write an alias, such as "root: joe", for it')
    : noMailbox;
}

/** Who has the mail of nobody else. */
export async function findAliasUser(
  { aliasUser = 'alias' }: Pick<SystemSettings, 'aliasUser'>,
  find: FindUser,
): Promise<FoundUser> {
  const found = await find(aliasUser);
  return found.kind === 'user' && found.uid === 0 ? { kind: 'absent' } : found;
}

function cannotTell(reason: string): Fault {
  return fault('4.3.0', `it cannot be told whether there is this user: ${reason}`);
}
