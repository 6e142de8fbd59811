// Quotas that mailboxes share, for commands: what is in all mailboxes of a domain or tenant, and what changes when a mailbox comes or goes.

import type { Config } from '../config/config.ts';
import { accountKey } from '../directory/account-key.ts';
import { isOwnDirectory } from '../config/directory-config.ts';
import { foundMailboxes } from '../mailbox/found-mailboxes.ts';
import type { MailboxUser } from '../mailbox/mailbox-place.ts';
import type { Usage } from '../mailbox/quota/maildirsize.ts';
import { SharedUsage } from '../mailbox/quota/shared-usage.ts';
import {
  domainLimits,
  type QuotaLimits,
  type QuotaScope,
  type QuotaUser,
  type SharedQuota,
  sharedQuotasOf,
} from '../values/shared-quotas.ts';
import { recordedQuotas, withDomainQuotas } from './domain-quotas.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { mailboxFailed } from './mailbox-failed.ts';

type WithMailboxes = Pick<Config, 'mailboxes'>;

/** A command delivers nothing. */
const shared = new SharedUsage((_, act) => act());

/** All quotas that some of these mailboxes share, in the order in which they are met. */
export function quotasSharedBy(
  { mailboxes }: WithMailboxes,
  users: readonly QuotaUser[],
): readonly SharedQuota[] {
  const found = new Map<string, SharedQuota>();
  for (const user of users)
    for (const quota of sharedQuotasOf(mailboxes.shared, user))
      found.set(`${quota.kind} ${quota.name}`, quota);
  return [...found.values()];
}

/**
 * The quota that a name means: a domain, or a tenant as `tenant:NAME`.
 * @returns undefined for an address. @throws {CommandError} `QUOTA_NONE` when there is no such quota
 */
export async function namedQuota(config: Config, name: string): Promise<SharedQuota | undefined> {
  if (name.includes('@')) return undefined;
  const { shared } = config.mailboxes;
  const scope: QuotaScope = name.startsWith('tenant:')
    ? { kind: 'tenant', name: name.slice('tenant:'.length) }
    : { kind: 'domain', name: accountKey(`@${name}`).slice(1) };
  const limits =
    scope.kind === 'domain'
      ? domainLimits(shared, await quotaInDirectory(config, scope.name))
      : shared?.tenants.find((tenant) => tenant.name === scope.name)?.limits;
  if (limits !== undefined && Object.keys(limits).length > 0) return { ...scope, limits };
  throw new CommandError(
    exitCodes.failed,
    'QUOTA_NONE',
    `The mailboxes of the ${scope.kind} ${scope.name} share no quota.`,
    'Set domain_quota in [mailboxes] or "sluice domain set --quota", or user and mailbox_quota of a [[tenant]].',
  );
}

/** What the directory says of one domain; a source that is not Sluice's own is asked about a user whose mailbox is there. */
async function quotaInDirectory(config: Config, domain: string): Promise<QuotaLimits | undefined> {
  const recorded = (await recordedQuotas(config)).get(domain);
  if (recorded !== undefined || config.directory.every(isOwnDirectory)) return recorded;
  for await (const { address } of foundMailboxes(config.mailboxes.path)) {
    if (!address.endsWith(`@${domain}`)) continue;
    const users: readonly QuotaUser[] = [{ address }];
    const [user] = await withDomainQuotas(config, users);
    return user?.domainQuota;
  }
  return undefined;
}

/** What is there by the count that deliveries keep. */
export function usageOfShared({ mailboxes }: WithMailboxes, quota: SharedQuota): Promise<Usage> {
  return shared.logOf(mailboxes, quota).usage().catch(mailboxFailed(mailboxes.path));
}

/** Counts the mailboxes. */
export function recountShared({ mailboxes }: WithMailboxes, quota: SharedQuota): Promise<Usage> {
  return shared.recount(mailboxes, quota).catch(mailboxFailed(mailboxes.path));
}

/** A mailbox with so much in it is there now for this user. */
export async function mailCame(config: Config, user: MailboxUser, what: Usage): Promise<void> {
  const { mailboxes } = config;
  const [known = user] = await withDomainQuotas(config, [user]);
  await shared.add(mailboxes, known, what).catch(mailboxFailed(mailboxes.path));
}

/** A mailbox with so much in it is gone. */
export function mailWent(config: Config, user: MailboxUser, { bytes, messages }: Usage): Promise<void> {
  return mailCame(config, user, { bytes: -bytes, messages: -messages });
}
