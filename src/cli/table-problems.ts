// What is wrong with the files of tables now, for `sluice check`: missing or broken ones, keys that are there twice.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { readTable } from '../table/read-table.ts';
import { loginOfUser } from '../settings/credentials.ts';
import { routeNames } from '../settings/route-rules.ts';
import { TableError } from '../table/table-error.ts';
import { routeEntryProblems } from './route-entry-problems.ts';

/** Reads every table once. */
export async function tableProblems(config: Config): Promise<ConfigWarning[]> {
  const { table, login, directory, route, routeTable } = config;
  const found: ConfigWarning[] = [];
  const names = routeNames(route);
  for (const [index, settings] of table.entries()) {
    const path = ['table', index, 'path'];
    try {
      const contents = await readTable(settings);
      const ofRoutes: string[] = [];
      for (const each of routeTable)
        if (each.from === undefined && each.table === settings.name)
          ofRoutes.push(
            ...(await routeEntryProblems(
              contents,
              each,
              (name) => names.has(name),
              (user) => loginOfUser(config, user),
            )),
          );
      await contents.close();
      const bareUser = contents.rules?.bareUser;
      const unmet =
        bareUser === undefined ? undefined : whyUnmet(bareUser, login.defaultDomain, directory.length);
      if (unmet !== undefined) found.push({ path, message: `${settings.path}: ${unmet}` });
      for (const warning of [...contents.warnings, ...(contents.faults ?? []), ...new Set(ofRoutes)])
        found.push({ path, message: `${settings.path}: ${warning}` });
    } catch (error) {
      if (!(error instanceof TableError)) throw error;
      found.push({ path, message: `${error.message} ${error.advice}`.trim() });
    }
  }
  return found;
}

/** Why a rule for a user without a domain holds for nobody; undefined: it may hold. */
function whyUnmet(user: string, defaultDomain: string | undefined, directories: number): string | undefined {
  const rule = `the rule for user:${user} holds for nobody`;
  if (directories === 0) return `${rule}: there is no [[directory]], so that no user can log in`;
  // Without a default domain, a source may know users by their names alone, as a checkpassword program does.
  if (defaultDomain === undefined) return undefined;
  return `${rule}, because every user has a domain (default_domain of [login] is ${defaultDomain}): write user:${user}@${defaultDomain}`;
}
