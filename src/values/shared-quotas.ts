// Quotas that mailboxes share: of a domain, and of a tenant. Plain data, which is sent between processes.

/** How much may be in a mailbox, or in several together. */
export interface QuotaLimits {
  /** Undefined: no limit. */
  readonly bytes?: number | undefined;
  readonly messages?: number | undefined;
}

/** `users`: `joe@example.com`, or `@example.com` for all of a domain, in lower case. */
export interface TenantMailboxes {
  readonly name: string;
  readonly users: readonly string[];
  readonly limits: QuotaLimits;
}

export interface SharedQuotas {
  /** Of each domain. */
  readonly domain: QuotaLimits;
  /** In the order of the file: a mailbox is of the first one with its user. Some have no limits. */
  readonly tenants: readonly TenantMailboxes[];
}

/** What shares a quota. */
export interface QuotaScope {
  readonly kind: 'domain' | 'tenant';
  readonly name: string;
}

export interface SharedQuota extends QuotaScope {
  readonly limits: QuotaLimits;
}

/** Of a user's mailbox; only those with limits. @param address - of a user of the directory */
export function sharedQuotasOf(shared: SharedQuotas | undefined, address: string): readonly SharedQuota[] {
  if (shared === undefined) return [];
  const domain = address.slice(address.lastIndexOf('@') + 1);
  const tenant = shared.tenants.find(({ users }) => users.includes(address) || users.includes(`@${domain}`));
  const found: SharedQuota[] = [];
  if (isAny(shared.domain) && address.includes('@'))
    found.push({ kind: 'domain', name: domain, limits: shared.domain });
  if (tenant !== undefined && isAny(tenant.limits))
    found.push({ kind: 'tenant', name: tenant.name, limits: tenant.limits });
  return found;
}

function isAny({ bytes, messages }: QuotaLimits): boolean {
  return bytes !== undefined || messages !== undefined;
}

/** For people. */
export function scopeText({ kind, name }: QuotaScope): string {
  return kind === 'domain' ? `the domain ${name}` : `the tenant ${name}`;
}
