// Tables in SQLite databases, which other programs change while Sluice reads them. A thread asks the database; answers are kept
// for a while, so that a busy recipient costs no query each time.

import type { Contents, TableKind } from '../contents.ts';
import { AnswerCache } from '../sqlite/answer-cache.ts';
import { SqliteThread } from '../sqlite/sqlite-thread.ts';
import type { SqliteSettings } from '../table.ts';
import { TableError } from '../table-error.ts';

/** One for all tables of the process; it is started when a table is opened. */
const sharedThread = new SqliteThread();

/** SQLite with one query. */
export function sqlite(settings: SqliteSettings, thread = sharedThread): TableKind {
  return {
    seesWrites: true,
    open: async ({ path, handle }) => {
      await handle.close();
      return openDatabase(path, settings, thread);
    },
  };
}

async function openDatabase(
  path: string,
  { query, rows, timeoutMs, cacheBytes, cacheMs, absentCacheMs }: SqliteSettings,
  thread: SqliteThread,
): Promise<Contents> {
  const database = thread.add(path, query, timeoutMs / 2, rows);
  // Mistakes in the query show up when it is run.
  const [first] = await thread.lookup(database, [''], timeoutMs);
  if (first?.kind === 'failing') {
    thread.remove(database);
    throw new TableError('TABLE_QUERY', first.reason);
  }
  const cache = new AnswerCache({
    mostBytes: cacheBytes,
    keepMs: cacheMs,
    keepAbsentMs: absentCacheMs ?? cacheMs,
  });
  return {
    lookup: (keys) =>
      cache.get(keys) ??
      thread.lookup(database, keys, timeoutMs).then((answers) => {
        cache.set(keys, answers);
        return answers;
      }),
    lookupAtOnce: (keys) => cache.get(keys),
    summary: 'a database of SQLite',
    warnings: [],
    endsEarly: false,
    isWhole: true,
    close: () => Promise.resolve(thread.remove(database)),
  };
}
