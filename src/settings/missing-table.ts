// The table that stands in for one which is not there. Promises: whoever asks it learns that it cannot tell.

import { allFailing, type Table } from '../table/table.ts';

/** The configuration has a table of each name that is used: this is for tables that are not opened yet. */
export function missingTable(name: string): Table {
  return { name, lookup: (keys) => allFailing(keys, `the table ${name} is not open`) };
}
