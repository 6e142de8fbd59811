// The [[table]]s, and each [[route_table]] as the rest of Sluice sees it: all that can be left out is filled in.

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { routeTables } from './schema/route-table.ts';
import type { tables } from './schema/table.ts';
import { type TableConfig, toTableConfig } from './table-config.ts';

type FileTables = Readonly<CamelKeys<z.output<typeof tables>>>;
type FileRouteTable = DeepReadonly<CamelKeys<z.output<typeof routeTables>>>[number];

export interface RouteTableConfig {
  /** Name of the [[table]]. */
  readonly table: string;
  readonly form: NonNullable<FileRouteTable['form']>;
  readonly by: NonNullable<FileRouteTable['by']>;
  /** Empty: addresses have no extensions. */
  readonly delimiter: string;
  /** Mail that waits is looked up again so often; 0: only when the table's file has changed. */
  readonly refreshMs: number;
}

export interface WithTables {
  readonly table: readonly TableConfig[];
  /** In the order of the file, in which they are asked. */
  readonly routeTable: readonly RouteTableConfig[];
}

const usualRefreshMs = 300_000;

/** @param folder - where a relative path starts */
export function toTables(files: FileTables, ofRoutes: readonly FileRouteTable[], folder: string): WithTables {
  const table = files.map((each) => toTableConfig(each, folder));
  return { table, routeTable: ofRoutes.map((each) => toRouteTable(each, table)) };
}

function toRouteTable(each: FileRouteTable, tables: readonly TableConfig[]): RouteTableConfig {
  const { table, delimiter = '' } = each;
  const kind = tables.find(({ name }) => name === table)?.kind;
  const form = each.form ?? formOf(kind);
  const isBySender = form === 'relayhost' || form === 'authsenders';
  const by = each.by ?? (isBySender ? 'sender' : 'recipient');
  return {
    table,
    form,
    by,
    delimiter,
    refreshMs: kind === 'sqlite' ? (each.refresh ?? usualRefreshMs) : 0,
  };
}

function formOf(kind: TableConfig['kind'] | undefined): RouteTableConfig['form'] {
  if (kind === 'postmap') return 'transport';
  return kind === 'smtproutes' ? 'smtproutes' : 'routes';
}
