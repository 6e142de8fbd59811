// The one place where the kind of a table is chosen.

import type { TableKind } from './contents.ts';
import { list } from './kinds/list.ts';
import { LiveTable } from './live-table.ts';
import type { TableReports } from './table-reports.ts';
import type { TableKindName, TableSettings } from './table.ts';

/** Every kind, by its name in the configuration. */
export const tableKinds: Readonly<Record<TableKindName, TableKind>> = { list };

/** Makes a table of any kind. Its file is read by the first call of `check`. */
export function openTable({ name, path, kind }: TableSettings, reports: TableReports): LiveTable {
  return new LiveTable(name, path, tableKinds[kind], reports);
}
