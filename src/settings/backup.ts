// From [[route]] with backup, and [deliver], to what a backup MX needs: its domains, and the names of this server in MX records.

import type { Config } from '../config/config.ts';
import type { BackupConfig } from '../config/route-config.ts';
import { DomainTable } from '../values/domain-table.ts';
import type { DomainPattern } from '../values/domain.ts';

/** The domains whose backup MX this server is, each with what holds for it; undefined where there are none. */
export function backupDomains({ route }: Pick<Config, 'route'>): DomainTable<BackupConfig> | undefined {
  const table = new DomainTable<BackupConfig>();
  for (const { backup, domain } of route) {
    if (backup === undefined) continue;
    for (const pattern of domain) table.set(pattern, backup);
  }
  return table.size === 0 ? undefined : table;
}

/** Recipient domains for which everybody may send, because this server is their backup MX. */
export function backupPatterns({ route }: Pick<Config, 'route'>): readonly DomainPattern[] {
  return route.flatMap(({ backup, domain }) => (backup === undefined ? [] : domain));
}

/** Does a route take ETRN? */
export function takesEtrn({ route }: Pick<Config, 'route'>): boolean {
  return route.some(({ backup }) => backup?.etrn === true);
}

/** The names of this server as they may stand in MX records. What it is called in one zone, nobody else is called in another. */
export function ownNames({
  deliver,
  hostname,
  route,
}: Pick<Config, 'hostname' | 'route'> & {
  readonly deliver: Pick<Config['deliver'], 'ownNames'>;
}): readonly string[] {
  const named = route.flatMap(({ backup }) => (backup?.as === undefined ? [] : [backup.as]));
  return [...new Set([hostname, ...deliver.ownNames, ...named])];
}
