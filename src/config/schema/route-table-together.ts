// What [[route_table]] needs of other tables: the [[table]] that it names, of a kind with values.

import type { z } from 'zod';

import { checkRouteSource, type GivenRouteSource } from './route-sources.ts';
import { kindOf } from './table.ts';
import { addUnknown } from './unknown-names.ts';

/** The parts of the file that are checked, as read. */
export interface RoutingTables {
  readonly route_table: readonly (GivenRouteSource & { readonly refresh?: number | undefined })[];
  readonly table: readonly {
    readonly name: string;
    readonly path: string;
    readonly kind?: string | undefined;
  }[];
}

/** Kinds of tables that have a text for each key. */
const withValues: ReadonlySet<string> = new Set([
  'key-value',
  'passwd',
  'postmap',
  'smtproutes',
  'pcre',
  'regexp',
  'cdb',
  'sqlite',
]);

export function checkRouteTables({ route_table: all, table }: RoutingTables, context: z.RefinementCtx): void {
  const names = table.map(({ name }) => name);
  for (const [index, each] of all.entries()) {
    const refuse = (message: string, ...key: string[]): void =>
      context.addIssue({ code: 'custom', message, path: ['route_table', index, ...key] });
    checkRouteSource(each, (message, key) => refuse(message, ...(key === undefined ? [] : [key])));
    if (each.table === undefined) continue;
    const found = table.find(({ name }) => name === each.table);
    if (found === undefined) {
      addUnknown('table', each.table, names, ['route_table', index, 'table'], context);
      continue;
    }
    const kind = found.kind ?? kindOf(found.path);
    if (kind !== undefined && !withValues.has(kind)) {
      refuse(
        `the table "${each.table}" is of kind "${kind}", which has no routes; use one of kind "postmap", "pcre", "regexp", "smtproutes", "key-value", "cdb" or "sqlite"`,
        'table',
      );
    }
    if (each.refresh !== undefined && kind !== undefined && kind !== 'sqlite')
      refuse('is for tables of kind "sqlite": changes of a file are seen by themselves', 'refresh');
  }
}
