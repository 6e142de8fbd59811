// Whether what stands in the place of tables of routes can be asked now, for `sluice check`: a database is asked for one key, and a program is looked for.

import { ownProgramFault } from '../config/check/program-fault.ts';
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
      const path = ['route_table', index, from.kind];
      const waits = 'While that is so, the mail that it is asked about waits';
      if (from.kind === 'program') {
        const fault = ownProgramFault(from.command[0] ?? '');
        if (fault === undefined) return [];
        return [{ path, message: fault.isFatal ? `${fault.reason}. ${waits}` : fault.reason }];
      }
      const why = await whyNotAsked(table, from);
      return why === undefined ? [] : [{ path, message: `${why}. ${waits}` }];
    }),
  );
  return found.flat();
}

async function whyNotAsked(name: string, from: RouteDatabase): Promise<string | undefined> {
  const { PostgresqlTable } = await import('../table/postgresql-table.ts');
  const settings = { ...routeDatabase(name, from), timeoutMs: Math.min(from.timeoutMs, mostMs) };
  const table = new PostgresqlTable(settings, { clear: () => undefined, cannotAnswer: () => undefined });
  const [answer] = await table.lookup([keyOfAll]);
  await table.close();
  return answer?.kind === 'failing' ? `the table "${name}" cannot answer: ${answer.reason}` : undefined;
}
