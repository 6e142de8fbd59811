// One [[table]] as the rest of Sluice sees it: its kind is known, and only keys of that kind are there.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import { kindOf, type tables } from './schema/table.ts';

type FileTable = CamelKeys<z.output<typeof tables>>[number];

/** Its path is absolute. */
export type TableConfig = { readonly name: string; readonly path: string } & (
  | { readonly kind: Exclude<NonNullable<FileTable['kind']>, 'sqlite'> }
  | {
      readonly kind: 'sqlite';
      readonly query: string;
      readonly timeoutMs: number;
      readonly cacheBytes: number;
      readonly cacheMs: number;
    }
);

const usualTimeoutMs = 5_000;
const usualCacheBytes = 4 * 1024 * 1024;
const usualCacheMs = 5_000;

/** @param folder - where a relative path starts */
export function toTableConfig(table: FileTable, folder: string): TableConfig {
  const { name } = table;
  const path = resolve(folder, table.path);
  // The schema refuses a table whose kind is not known, and sqlite without a query.
  const kind = table.kind ?? kindOf(table.path) ?? 'list';
  if (kind !== 'sqlite') return { name, path, kind };
  const { query = '', timeout = usualTimeoutMs, cache = usualCacheBytes, cacheTime = usualCacheMs } = table;
  return { name, path, kind, query, timeoutMs: timeout, cacheBytes: cache, cacheMs: cacheTime };
}
