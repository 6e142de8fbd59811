// Reads a table once, as it is now: for commands, which do not follow its file.

import type { Contents } from './contents.ts';
import { kindOf } from './open-table.ts';
import { findFile, openFound } from './table-file.ts';
import { problemOf, TableError } from './table-error.ts';
import type { TableSettings } from './table.ts';

/** @throws {TableError} `TABLE_UNREADABLE` or `TABLE_BROKEN` */
export async function readTable(settings: TableSettings): Promise<Contents> {
  const { name, path } = settings;
  try {
    const kind = kindOf(settings);
    const contents = await openFound(await findFile(path, kind), kind);
    if (contents !== undefined) return contents;
    throw new TableError('TABLE_UNREADABLE', 'the file was changed while it was read', 'Try again.');
  } catch (error) {
    const { code, advice } = error instanceof TableError ? error : { code: 'TABLE_UNREADABLE', advice: '' };
    const { text } = problemOf(error);
    throw new TableError(code, `Reading the table "${name}" from ${path}: ${text}.`, advice, {
      cause: error,
    });
  }
}
