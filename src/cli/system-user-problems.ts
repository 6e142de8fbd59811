// Warnings about mail for users of the system: what keeps all of it waiting, as far as it can be seen from here.

import { stat } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { SystemUsers } from '../io/system-users.ts';
import { findAliasUser, type FindUser } from '../mailbox/system/find-place.ts';
import { SystemAliases } from '../policy/recipients/system-aliases.ts';
import { systemAliasProblems } from './system-alias-problems.ts';

const passableByOthers = 0o001;
/** It is there on most systems, and nobody misses it elsewhere. */
const usualAliases = '/etc/aliases';

const users = new SystemUsers();

/** @param uid - of whoever asks, and may start Sluice */
export async function systemUserProblems(
  { local, route, user }: Pick<Config, 'local' | 'route' | 'user'>,
  uid = process.getuid?.(),
  find: FindUser = (name) => users.find(name),
): Promise<ConfigWarning[]> {
  const index = route.findIndex(({ kind }) => kind === 'local');
  if (index === -1) return [];
  const found: ConfigWarning[] = [];
  if (uid !== 0 && user === undefined) {
    const message =
      'only a Sluice that root has started can deliver to users of the system: mail for others than its own user waits';
    found.push({ path: ['route', index, 'local'], message });
  }
  const closed =
    user === undefined || local.instructions !== 'qmail' ? undefined : await closedHome(local, find);
  if (closed !== undefined) found.push({ path: ['route', index, 'local'], message: closed });
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
  for (const message of names.unread) found.push({ path: ['local', 'aliases'], message });
  for (const message of await systemAliasProblems(names, route, local.permits))
    found.push({ path: ['local', 'aliases'], message });
  return found;
}

/** Receivers look for files of the user who has the mail of nobody else. */
async function closedHome(local: Config['local'], find: FindUser): Promise<string | undefined> {
  const alias = await findAliasUser(local, find);
  if (alias.kind !== 'user') return undefined;
  const mode = await stat(alias.home).then(
    (found) => found.mode,
    () => undefined,
  );
  if (mode === undefined || (mode & passableByOthers) !== 0) return undefined;
  return `others may not pass through ${alias.home}, the home of the user ${alias.name}, so each name is accepted at RCPT, and mail for those without a file goes back later: chmod o+x ${alias.home}`;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
