// Quotas that mailboxes share, for commands: what is in all mailboxes of a domain or tenant, and what changes when a mailbox comes or goes.

import type { Config } from '../config/config.ts';
import type { MailboxUser } from '../mailbox/mailbox-place.ts';
import type { Usage } from '../mailbox/quota/maildirsize.ts';
import { SharedUsage } from '../mailbox/quota/shared-usage.ts';
import { type QuotaScope, type SharedQuota, sharedQuotasOf } from '../values/shared-quotas.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { mailboxFailed } from './mailbox-failed.ts';

type WithMailboxes = Pick<Config, 'mailboxes'>;

/** A command delivers nothing. */
const shared = new SharedUsage((_, act) => act());

/** All quotas that some of these mailboxes share, in the order in which they are met. */
export function quotasSharedBy(
  { mailboxes }: WithMailboxes,
  addresses: readonly string[],
): readonly SharedQuota[] {
  const found = new Map<string, SharedQuota>();
  for (const address of addresses)
    for (const quota of sharedQuotasOf(mailboxes.shared, address))
      found.set(`${quota.kind} ${quota.name}`, quota);
  return [...found.values()];
}

/**
 * The quota that a name means: a domain, or a tenant as `tenant:NAME`.
 * @returns undefined for an address. @throws {CommandError} `QUOTA_NONE` when there is no such quota
 */
export function namedQuota({ mailboxes }: WithMailboxes, name: string): SharedQuota | undefined {
  if (name.includes('@')) return undefined;
  const scope: QuotaScope = name.startsWith('tenant:')
    ? { kind: 'tenant', name: name.slice('tenant:'.length) }
    : { kind: 'domain', name: name.toLowerCase() };
  const limits =
    scope.kind === 'domain'
      ? mailboxes.shared?.domain
      : mailboxes.shared?.tenants.find((tenant) => tenant.name === scope.name)?.limits;
  if (limits !== undefined && Object.keys(limits).length > 0) return { ...scope, limits };
  throw new CommandError(
    exitCodes.failed,
    'QUOTA_NONE',
    `The mailboxes of the ${scope.kind} ${scope.name} share no quota.`,
    'Set domain_quota in [mailboxes], or user and mailbox_quota of a [[tenant]].',
  );
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
export async function mailCame({ mailboxes }: WithMailboxes, user: MailboxUser, what: Usage): Promise<void> {
  await shared.add(mailboxes, user, what).catch(mailboxFailed(mailboxes.path));
}

/** A mailbox with so much in it is gone. */
export function mailWent(
  config: WithMailboxes,
  user: MailboxUser,
  { bytes, messages }: Usage,
): Promise<void> {
  return mailCame(config, user, { bytes: -bytes, messages: -messages });
}
