// [mailboxes] as the rest of Sluice sees it: its path is absolute.

import { join, normalize } from 'node:path';

import type { z } from 'zod';

import type { MailboxSettings } from '../values/mailbox-way.ts';
import { toAscii } from '../values/domain-name.ts';
import type { QuotaLimits, SharedQuotas } from '../values/shared-quotas.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { mailboxes } from './schema/mailboxes.ts';

export type FileMailboxes = DeepReadonly<CamelKeys<z.output<typeof mailboxes>>>;

/** What counts here of a [[tenant]]. */
export interface TenantQuota {
  readonly name: string;
  readonly user?: readonly string[] | undefined;
  readonly mailboxQuota?: number | undefined;
  readonly mailboxQuotaMessages?: number | undefined;
}

/** Undefined: no mailboxes share a quota. */
function toShared(
  { domainQuota, domainQuotaMessages }: Partial<FileMailboxes>,
  tenants: readonly TenantQuota[],
): SharedQuotas | undefined {
  const domain = toLimits(domainQuota, domainQuotaMessages);
  const ofTenants = tenants.flatMap(({ name, user = [], mailboxQuota, mailboxQuotaMessages }) =>
    user.length === 0
      ? []
      : [{ name, users: user.map(userKey), limits: toLimits(mailboxQuota, mailboxQuotaMessages) }],
  );
  const isAny = [domain, ...ofTenants.map(({ limits }) => limits)].some(
    (limits) => Object.keys(limits).length > 0,
  );
  return isAny ? { domain, tenants: ofTenants } : undefined;
}

/** As addresses of users are compared. */
function userKey(user: string): string {
  const at = user.lastIndexOf('@') + 1;
  return (user.slice(0, at) + toAscii(user.slice(at))).toLowerCase();
}

function toLimits(bytes: number | undefined, messages: number | undefined): QuotaLimits {
  return { ...(bytes !== undefined && { bytes }), ...(messages !== undefined && { messages }) };
}

/** @param folder - where a relative path starts */
export function toMailboxes(
  { path, subaddress, folders, ...given }: FileMailboxes,
  tenants: readonly TenantQuota[],
  folder: string,
): MailboxSettings {
  const shared = toShared(given, tenants);
  const absolute = path.startsWith('/') ? normalize(path) : join(folder, path);
  return {
    path: absolute.replace(/\/$/u, ''),
    separators: subaddress,
    folders,
    ...(given.aliases !== undefined && { aliases: given.aliases }),
    quota: {
      ...(given.quota !== undefined && { bytes: given.quota }),
      ...(given.quotaMessages !== undefined && { messages: given.quotaMessages }),
      whenFull: given.overQuota,
      graceMs: given.grace,
      warnPercent: given.quotaWarning,
    },
    ...(shared !== undefined && { shared }),
  };
}
