// Whether what stands in the place of tables of routes can be asked now, for `sluice check`: a database is asked for one key, and a program is looked for.
// It is not run: this command may be run by root, and programs belong to the user of the manager.

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import type { RouteDatabase } from '../config/route-table-config.ts';
import { keyOfAll } from '../route/tables/form.ts';
import { routeDatabase } from '../settings/route-database.ts';

/** A database that takes longer is told as one that does not answer. */
const mostMs = 10_000;

export async function routeSourceProblems({
  routeTable,
}: Pick<Config, 'routeTable'>): Promise<ConfigWarning[]> {
  const found = await Promise.all(
    routeTable.map(async ({ table, from }, index): Promise<ConfigWarning[]> => {
      if (from === undefined) return [];
      const why = from.kind === 'program' ? await whyNotRun(from.command[0]) : await whyNotAsked(table, from);
      if (why === undefined) return [];
      const message = `${why}. While that is so, the mail that it is asked about waits`;
      return [{ path: ['route_table', index, from.kind], message }];
    }),
  );
  return found.flat();
}

async function whyNotRun(program = ''): Promise<string | undefined> {
  return access(program, constants.X_OK).then(
    () => undefined,
    () => `${program} cannot be run by this user, or does not exist`,
  );
}

async function whyNotAsked(name: string, from: RouteDatabase): Promise<string | undefined> {
  const { PostgresqlTable } = await import('../table/postgresql-table.ts');
  const settings = { ...routeDatabase(name, from), timeoutMs: Math.min(from.timeoutMs, mostMs) };
  const table = new PostgresqlTable(settings, { clear: () => undefined, cannotAnswer: () => undefined });
  const [answer] = await table.lookup([keyOfAll]);
  await table.close();
  return answer?.kind === 'failing' ? `the table "${name}" cannot answer: ${answer.reason}` : undefined;
}
