// [reports] as the rest of Sluice sees it.

import { resolve } from 'node:path';
import type { z } from 'zod';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { reports } from './schema/reports.ts';

type FileReports = DeepReadonly<CamelKeys<z.output<typeof reports>>>;

export type ReportsConfig = FileReports & {
  /** The text of `ca`: certificates in PEM; empty without one. */
  readonly authorities: string;
};

/** @param folder - where a relative path starts */
export function toReportsConfig(given: FileReports, folder: string, authorities: string): ReportsConfig {
  return { ...given, ...(given.ca !== undefined && { ca: resolve(folder, given.ca) }), authorities };
}
