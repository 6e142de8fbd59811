// The mailbox of a user for commands: by Sluice's own directory, or as the running Sluice knows the user.

import type { Config } from '../config/config.ts';
import { accountKey } from '../directory/account-key.ts';
import { accountOf, withDomainQuota } from '../directory/record.ts';
import type { User } from '../directory/types.ts';
import { type MailboxPlace, placeOf } from '../mailbox/mailbox-place.ts';
import { limitsOf } from '../mailbox/quota/limits.ts';
import type { QuotaLimits } from '../values/shared-quotas.ts';
import { domainOf } from './domain-quotas.ts';
import { directoryFailing } from './directory-failing.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { isOwnDirectory } from '../config/directory-config.ts';
import { ownDirectory } from './own-directory.ts';
import { ask } from './until-reachable.ts';

export interface UserMailbox {
  readonly user: User;
  readonly place: MailboxPlace;
  readonly limits: QuotaLimits;
}

/** @throws {CommandError} `MAILBOX_USER` when nobody knows the user, `MAILBOX_PLACE` when there can be no mailbox */
export async function mailboxOfAddress(
  config: Config,
  file: string | undefined,
  address: string,
): Promise<UserMailbox> {
  const user = (await ownUser(config, file, address)) ?? (await askedUser(config, address));
  return mailboxOfUser(config, user);
}

/** @throws {CommandError} `MAILBOX_PLACE` when there can be no mailbox */
export function mailboxOfUser({ mailboxes }: Pick<Config, 'mailboxes'>, user: User): UserMailbox {
  const place = placeOf(mailboxes, user);
  if (place.kind === 'fault')
    throw new CommandError(
      exitCodes.dataError,
      'MAILBOX_PLACE',
      `${user.address} can have no mailbox: ${place.why}.`,
      'Give the user another mailbox or another name: "sluice user set" and "sluice user rename".',
    );
  return { user, place, limits: limitsOf(mailboxes.quota, user) };
}

async function ownUser(config: Config, file: string | undefined, address: string): Promise<User | undefined> {
  if (!config.directory.some(isOwnDirectory)) return undefined;
  return ownDirectory(file === undefined ? {} : { config: file }).read((records) => {
    const record = records.user(accountKey(address));
    if (record === undefined) return undefined;
    const { user } = accountOf(record);
    return withDomainQuota(user, records.domain(domainOf(user)));
  });
}

async function askedUser(config: Config, address: string): Promise<User> {
  const found = config.directory.every(isOwnDirectory)
    ? ({ kind: 'absent' } as const)
    : await ask(config, { operation: 'user.find', address });
  if (found.kind === 'failing') throw directoryFailing(found);
  if (found.kind === 'user') return found.user;
  throw new CommandError(
    exitCodes.noUser,
    'MAILBOX_USER',
    `There is no user with the address ${address}.`,
    '"sluice user list" shows those of Sluice\'s own directory, and "sluice mailbox list" the mailboxes that there are.',
  );
}
