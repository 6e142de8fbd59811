// [[table]]: keys and values from files, by name.

import { z } from 'zod';

import { duration, expected, key, listOf, oneOf, size, tableOf, textOf } from './fields.ts';
import { lookupQuery, tableName } from './texts.ts';

/** The kinds of tables, in the order of the documentation. */
export const tableKinds = [
  'list',
  'key-value',
  'passwd',
  'aliases',
  'postmap',
  'smtproutes',
  'pcre',
  'regexp',
  'cdb',
  'sqlite',
  'rules',
  'tcprules',
] as const;
/** Those whose keys are expressions. */
export const patternKinds: readonly string[] = ['pcre', 'regexp'];
/** Those that hold rules for clients. */
export const ruleKinds: readonly string[] = ['rules', 'tcprules'];

const table = tableOf({
  name: key(
    textOf('a name such as "users"', tableName),
    'The name of the table: letters, digits, ".", "_" and "-".',
    { example: '"users"' },
  ),
  path: key(
    z.string({ error: expected('the name of a file') }).min(1, 'must not be empty'),
    'The file. A relative path starts at the folder of the configuration file. It is read again when it changes; a file that has a mistake or is missing leaves in force what was read before.',
    { example: '"/etc/sluice/users.list"' },
  ),
  kind: key(
    oneOf(tableKinds).optional(),
    'What the file holds. "list": one key on each line. "key-value": a key and a value on each line, with white space between them. "passwd": lines as in /etc/passwd. "aliases": the form of /etc/aliases, a name, a colon and what it stands for. "postmap": the text of a table of Postfix. "smtproutes": lines of qmail with a colon behind the key. "pcre" and "regexp": tables of Postfix, of expressions in the syntax of Perl or POSIX, each with a value. "cdb": a constant database, for millions of keys. "sqlite": a database of SQLite, which is asked by query. "rules" and "tcprules": rules for clients, see [clients]; their file may be compiled to a cdb, and then ends in .cdb. Left out, the ending of path tells it: .list, .map, .aliases, .passwd, .pcre, .regexp, .cdb, .sqlite, .sqlite3, .rules, .tcprules.',
    {
      defaultText: 'told by the ending of path',
      example: '"list"',
    },
  ),
  query: key(
    textOf('a query such as "SELECT value FROM users WHERE address = ?"', lookupQuery).optional(),
    'For sqlite: a query with one parameter, the key. The first column of each row is a value; without a row, the key is not there.',
    { example: '"SELECT mailbox FROM users WHERE address = ?"' },
  ),
  timeout: key(
    duration(1).optional(),
    'For sqlite: the time for one look-up. After it, the table cannot tell, and what depends on it is answered with temporary errors.',
    { defaultText: '5s', example: '"5s"' },
  ),
  cache: key(
    size(0, 1024 ** 3).optional(),
    'For sqlite: memory for answers that are kept, in each process that receives mail. 0 keeps none.',
    { defaultText: '4MiB', example: '"16MiB"' },
  ),
  cache_time: key(
    duration().optional(),
    'For sqlite: answers are kept for this time, so that changes of the database are seen after it.',
    { defaultText: '5s', example: '"1m"' },
  ),
});

/** All tables. No two have the same name. */
export const tables = listOf(table, 'tables: [[table]]').superRefine((all, context) => {
  for (const [index, { name, path, kind }] of all.entries()) {
    const earlier = all.findIndex((each) => each.name === name);
    if (earlier < index) {
      const message = `this name is already in table[${earlier + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    }
    refuseKeysOfOtherKind(all[index], index, context);
    if (kind === undefined && kindOf(path) === undefined) {
      const message = `the ending of this file does not tell what it holds; give kind as well: ${tableKinds.map((each) => `"${each}"`).join(', ')}`;
      context.addIssue({ code: 'custom', message, path: [index, 'path'] });
    }
  }
});

const keysOfSqlite = ['query', 'timeout', 'cache', 'cache_time'] as const;

function refuseKeysOfOtherKind(
  given: z.output<typeof table> | undefined,
  index: number,
  context: z.RefinementCtx,
): void {
  if (given === undefined) return;
  const kind = given.kind ?? kindOf(given.path);
  if (kind === 'sqlite' && given.query === undefined) {
    const message =
      'a table of kind "sqlite" needs a query, such as "SELECT mailbox FROM users WHERE address = ?"';
    context.addIssue({ code: 'custom', message, path: [index] });
  }
  if (kind === 'sqlite' || kind === undefined) return;
  for (const name of keysOfSqlite) {
    if (given[name] === undefined) continue;
    const message = `is only for tables of kind "sqlite", and this one is of kind "${kind}"`;
    context.addIssue({ code: 'custom', message, path: [index, name] });
  }
}

type TableKindName = (typeof tableKinds)[number];

const kindOfEnding: ReadonlyMap<string, TableKindName> = new Map([
  ['.list', 'list'],
  ['.map', 'key-value'],
  ['.aliases', 'aliases'],
  ['.passwd', 'passwd'],
  ['.pcre', 'pcre'],
  ['.regexp', 'regexp'],
  ['.cdb', 'cdb'],
  ['.sqlite', 'sqlite'],
  ['.sqlite3', 'sqlite'],
  ['.rules', 'rules'],
  ['.tcprules', 'tcprules'],
]);

/** The kind that the ending of a file's name tells; undefined when it tells none. */
export function kindOf(path: string): TableKindName | undefined {
  return kindOfEnding.get(/\.[^./]+$/u.exec(path)?.[0].toLowerCase() ?? '');
}
