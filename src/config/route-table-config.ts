// The [[table]]s, and each [[route_table]] as the rest of Sluice sees it: all that can be left out is filled in.

import { basename, resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { routeTables } from './schema/route-table.ts';
import { patternKinds, type tables } from './schema/table.ts';
import { type TableConfig, toTableConfig } from './table-config.ts';

type FileRouteTable = DeepReadonly<CamelKeys<z.output<typeof routeTables>>>[number];

/** As they stand in the file. */
export interface FileTables {
  readonly table: Readonly<CamelKeys<z.output<typeof tables>>>;
  readonly routeTable: readonly FileRouteTable[];
}

/** A program that says where mail goes. */
export interface RouteProgram {
  readonly kind: 'program';
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly cacheMs: number;
  /** The most at a time. */
  readonly programs: number;
}

/** A database that knows where mail goes. */
export interface RouteDatabase {
  readonly kind: 'postgresql';
  readonly connection: string;
  readonly passwordFile: string | undefined;
  readonly query: string;
  readonly timeoutMs: number;
  readonly cacheBytes: number;
  readonly cacheMs: number;
}

export interface RouteTableConfig {
  /** Name of the [[table]], or of what knows the entries in its place. */
  readonly table: string;
  /** What knows them; undefined: the [[table]]. */
  readonly from?: RouteProgram | RouteDatabase | undefined;
  /** Its keys are expressions, which are for whole addresses. */
  readonly isOfPatterns?: true;
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
const usualProgramMs = 20_000;
const usualProgramCacheMs = 60_000;
const usualPrograms = 10;
const usualDatabaseMs = 5_000;
const usualDatabaseCacheMs = 5_000;
const usualCacheBytes = 4 * 1024 * 1024;

/** @param folder - where a relative path starts */
export function toTables(files: FileTables, folder: string): WithTables {
  const table = files.table.map((each) => toTableConfig(each, folder));
  return { table, routeTable: files.routeTable.map((each) => toRouteTable(each, table, folder)) };
}

function toRouteTable(
  each: FileRouteTable,
  tables: readonly TableConfig[],
  folder: string,
): RouteTableConfig {
  const { delimiter = '', refresh } = each;
  const from = sourceOf(each, folder);
  const table = from === undefined ? (each.table ?? '') : (each.name ?? nameOf(from));
  const kind = from?.kind ?? tables.find(({ name }) => name === table)?.kind;
  const form = each.form ?? formOf(kind);
  const isBySender = form === 'relayhost' || form === 'authsenders';
  const by = each.by ?? (isBySender ? 'sender' : 'recipient');
  const refreshMs = kind === 'sqlite' || kind === 'postgresql' ? (refresh ?? usualRefreshMs) : (refresh ?? 0);
  const isOfPatterns = patternKinds.includes(kind ?? '');
  return {
    table,
    ...(from && { from }),
    ...(isOfPatterns && { isOfPatterns }),
    form,
    by,
    delimiter,
    refreshMs,
  };
}

function sourceOf(
  { program, postgresql, ...given }: FileRouteTable,
  folder: string,
): RouteTableConfig['from'] {
  if (program !== undefined)
    return {
      kind: 'program',
      command: program,
      timeoutMs: given.timeout ?? usualProgramMs,
      cacheMs: given.cacheTime ?? usualProgramCacheMs,
      programs: given.programs ?? usualPrograms,
    };
  if (postgresql === undefined) return undefined;
  const { query = '', passwordFile } = given;
  return {
    kind: 'postgresql',
    connection: postgresql,
    passwordFile: passwordFile === undefined ? undefined : resolve(folder, passwordFile),
    query,
    timeoutMs: given.timeout ?? usualDatabaseMs,
    cacheBytes: given.cache ?? usualCacheBytes,
    cacheMs: given.cacheTime ?? usualDatabaseCacheMs,
  };
}

function nameOf(from: RouteProgram | RouteDatabase): string {
  return from.kind === 'program' ? basename(from.command[0] ?? '') : from.kind;
}

function formOf(kind: string | undefined): RouteTableConfig['form'] {
  if (kind === 'postmap' || patternKinds.includes(kind ?? '')) return 'transport';
  return kind === 'smtproutes' ? 'smtproutes' : 'routes';
}
