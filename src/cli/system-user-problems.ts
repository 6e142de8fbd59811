// Warnings about mail for users of the system: what keeps all of it waiting, as far as it can be seen from here.

import { stat } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { SystemAliases } from '../policy/recipients/system-aliases.ts';
import { systemAliasProblems } from './system-alias-problems.ts';

/** It is there on most systems, and nobody misses it elsewhere. */
const usualAliases = '/etc/aliases';

/** @param uid - of whoever asks, and may start Sluice */
export async function systemUserProblems(
  { local, route, user }: Pick<Config, 'local' | 'route' | 'user'>,
  uid = process.getuid?.(),
): Promise<ConfigWarning[]> {
  const index = route.findIndex(({ kind }) => kind === 'local');
  if (index === -1) return [];
  const found: ConfigWarning[] = [];
  if (uid !== 0 && user === undefined) {
    const message =
      'only a Sluice that root has started can deliver to users of the system: mail for others than its own user waits';
    found.push({ path: ['route', index, 'local'], message });
  }
  const aliases = new SystemAliases();
  for (const [at, path] of local.aliases.entries()) {
    const names = await aliases.read([path]);
    const isMissing = path !== usualAliases && !(await isThere(path));
    const fault =
      names.kind === 'failing' ? `${names.reason}; mail for users of the system waits` : undefined;
    const message = isMissing ? `${path} is not there, so it has no aliases` : fault;
    if (message !== undefined) found.push({ path: ['local', 'aliases', at], message });
  }
  const names = await aliases.read(local.aliases);
  if (names.kind === 'failing') return found;
  for (const message of await systemAliasProblems(names, route, local.permits))
    found.push({ path: ['local', 'aliases'], message });
  return found;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
