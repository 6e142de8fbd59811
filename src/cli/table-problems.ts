// What is wrong with the files of tables now, for `sluice check`: missing or broken ones, keys that are there twice.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { readTable } from '../table/read-table.ts';
import { TableError } from '../table/table-error.ts';

/** Reads every table once. */
export async function tableProblems({ table }: Config): Promise<ConfigWarning[]> {
  const found: ConfigWarning[] = [];
  for (const [index, settings] of table.entries()) {
    const path = ['table', index, 'path'];
    try {
      const contents = await readTable(settings);
      await contents.close();
      for (const warning of contents.warnings) found.push({ path, message: `${settings.path}: ${warning}` });
    } catch (error) {
      if (!(error instanceof TableError)) throw error;
      found.push({ path, message: `${error.message} ${error.advice}`.trim() });
    }
  }
  return found;
}
