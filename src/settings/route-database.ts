// A database that says where mail goes, from the configuration to the settings of the table.

import type { RouteDatabase } from '../config/route-table-config.ts';
import type { PostgresqlSettings } from '../table/postgresql-table.ts';

/** @param name - what it is called in explanations and troubles */
export function routeDatabase(
  name: string,
  { cacheBytes, cacheMs, connection, passwordFile, query, timeoutMs }: RouteDatabase,
): PostgresqlSettings {
  return {
    name,
    connection,
    passwordFile,
    query,
    rows: 'first-column',
    timeoutMs,
    cacheBytes,
    cacheMs,
    absentCacheMs: cacheMs,
  };
}
