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

/** Whose mailboxes share quotas: part of `User` of the directory. */
export interface QuotaUser {
  readonly address: string;
  /** What the directory says of the user's domain, in place of what [mailboxes] says of each; 0: no limit. */
  readonly domainQuota?: QuotaLimits | undefined;
}

/** Can there be quotas that the mailbox of this user shares? */
export function mayShareQuota(shared: SharedQuotas | undefined, { domainQuota }: QuotaUser): boolean {
  return shared !== undefined || domainQuota !== undefined;
}

/** Of a user's mailbox; only those with limits. */
export function sharedQuotasOf(shared: SharedQuotas | undefined, user: QuotaUser): readonly SharedQuota[] {
  if (!mayShareQuota(shared, user)) return [];
  const { address, domainQuota } = user;
  const domain = domainOf(address);
  const limits = domainLimits(shared, domainQuota);
  const tenant = tenantOf(shared, address);
  const found: SharedQuota[] = [];
  if (isAny(limits) && address.includes('@')) found.push({ kind: 'domain', name: domain, limits });
  if (tenant !== undefined && isAny(tenant.limits))
    found.push({ kind: 'tenant', name: tenant.name, limits: tenant.limits });
  return found;
}

/** What holds for a domain: what the directory says of it comes before what holds for each, and 0 stands for no limit. */
export function domainLimits(
  shared: SharedQuotas | undefined,
  ofRecord: QuotaLimits | undefined,
): QuotaLimits {
  const bytes = ofRecord?.bytes ?? shared?.domain.bytes ?? 0;
  const messages = ofRecord?.messages ?? shared?.domain.messages ?? 0;
  return { ...(bytes > 0 && { bytes }), ...(messages > 0 && { messages }) };
}

/** Does the mailbox of this address count for the domain or tenant? */
export function isOfScope(
  shared: SharedQuotas | undefined,
  { kind, name }: QuotaScope,
  address: string,
): boolean {
  return kind === 'domain' ? address.endsWith(`@${name}`) : tenantOf(shared, address)?.name === name;
}

function tenantOf(shared: SharedQuotas | undefined, address: string): TenantMailboxes | undefined {
  const domain = `@${domainOf(address)}`;
  return shared?.tenants.find(({ users }) => users.includes(address) || users.includes(domain));
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

function isAny({ bytes, messages }: QuotaLimits): boolean {
  return bytes !== undefined || messages !== undefined;
}

/** For people. */
export function scopeText({ kind, name }: QuotaScope): string {
  return kind === 'domain' ? `the domain ${name}` : `the tenant ${name}`;
}
