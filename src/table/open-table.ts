// The one place where the kind of a table is chosen.

import type { TableKind } from './contents.ts';
import { aliases } from './kinds/aliases.ts';
import { cdb, cdbWithIndex } from './kinds/cdb.ts';
import { keyValue } from './kinds/key-value.ts';
import { list } from './kinds/list.ts';
import { passwd } from './kinds/passwd.ts';
import { pcre, regexp } from './kinds/patterns.ts';
import { postmap } from './kinds/postmap.ts';
import { rules, tcprules } from './kinds/rules.ts';
import { smtproutes } from './kinds/smtproutes.ts';
import { sqlite } from './kinds/sqlite.ts';
import { LiveTable } from './live-table.ts';
import type { TableReports } from './table-reports.ts';
import type { TableSettings } from './table.ts';

/** The kind of a table. */
export function kindOf(settings: TableSettings): TableKind {
  switch (settings.kind) {
    case 'list':
      return list;
    case 'key-value':
      return keyValue;
    case 'passwd':
      return passwd;
    case 'aliases':
      return aliases;
    case 'postmap':
      return postmap;
    case 'smtproutes':
      return smtproutes;
    case 'pcre':
      return pcre;
    case 'regexp':
      return regexp;
    case 'cdb':
      return settings.holdsIndex === true ? cdbWithIndex : cdb;
    case 'rules':
      return rules;
    case 'tcprules':
      return tcprules;
    case 'sqlite':
      return sqlite(settings);
  }
}

/** Makes a table of any kind. Its file is read by the first call of `check`. */
export function openTable(settings: TableSettings, reports: TableReports): LiveTable {
  return new LiveTable(settings.name, settings.path, kindOf(settings), reports);
}
