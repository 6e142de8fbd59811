// What the directory says of the quotas of domains, for commands: Sluice's own directory is read; about other sources, the running Sluice is
// asked for one user of each domain.

import type { Config } from '../config/config.ts';
import { isOwnDirectory } from '../config/directory-config.ts';
import { ControlError } from '../control/control-error.ts';
import { quotaOfDomain } from '../directory/record.ts';
import type { QuotaLimits, QuotaUser } from '../values/shared-quotas.ts';
import { openOwn } from './own-directory.ts';
import { ask } from './until-reachable.ts';

/** By domain. */
export type DomainQuotas = ReadonlyMap<string, QuotaLimits>;

/** Domains that have a record with a quota. @throws {DirectoryError} when a directory cannot be read */
export async function recordedQuotas({ directory }: Pick<Config, 'directory'>): Promise<DomainQuotas> {
  const found = new Map<string, QuotaLimits>();
  for (const source of directory.filter(isOwnDirectory)) {
    const domains = await openOwn(source, { mode: 0o600, owner: undefined }).read((records) =>
      records.domains(),
    );
    for (const record of domains) {
      const quota = quotaOfDomain(record);
      if (quota !== undefined && !found.has(record.domain)) found.set(record.domain, quota);
    }
  }
  return found;
}

/** The same for users, each with what is known of the domain. */
export async function withDomainQuotas<Known extends QuotaUser>(
  config: Config,
  users: readonly Known[],
): Promise<readonly Known[]> {
  const quotas = new Map(await recordedQuotas(config));
  if (!config.directory.every(isOwnDirectory)) await askForOthers(config, users, quotas);
  return users.map((user) => {
    const domainQuota = quotas.get(domainOf(user));
    return domainQuota === undefined ? user : { ...user, domainQuota };
  });
}

async function askForOthers(
  config: Config,
  users: readonly QuotaUser[],
  quotas: Map<string, QuotaLimits>,
): Promise<void> {
  const asked = new Set<string>();
  for (const user of users) {
    const domain = domainOf(user);
    if (quotas.has(domain) || asked.has(domain)) continue;
    asked.add(domain);
    try {
      const found = await ask(config, { operation: 'user.find', address: user.address });
      if (found.kind === 'user' && found.user.domainQuota !== undefined)
        quotas.set(domain, found.user.domainQuota);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      process.stderr.write(
        "Quotas of domains in other sources than Sluice's own directory are not shown: Sluice does not answer.\n",
      );
      return;
    }
  }
}

export function domainOf({ address }: QuotaUser): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
