// The keys of a [[route_table]] that say who knows its entries where that is no [[table]]: a program, or a database of PostgreSQL.

import { z } from 'zod';

import { duration, expected, key, listOf, size, textOf, wholeNumber } from './fields.ts';
import { postgresqlConnection, postgresqlQueryProblem } from './postgresql-keys.ts';
import { tableName } from './texts.ts';

/** Each [[route_table]] has one of these. */
export const routeSources = ['table', 'program', 'postgresql'] as const;

export const routeSourceKeys = {
  program: key(
    listOf(
      z.string({ error: expected('a word of a command') }).min(1),
      'words such as ["/usr/local/bin/where-to", "--"]',
    )
      .min(1, 'must name a program')
      .optional(),
    'A program in the place of a table, by its absolute path, and its arguments; behind them it gets what it is asked about. It prints the entry on one line and ends with 0; 1 or 100: there is none. With any other end, the mail waits.',
    { example: '["/usr/local/bin/where-to", "--"]' },
  ),
  postgresql: key(
    textOf('a connection such as "postgresql://sluice@127.0.0.1:5432/mail"', postgresqlConnection).optional(),
    'A database of PostgreSQL in the place of a table, without a password. "?host=/run/postgresql" behind it names the folder of a Unix-domain socket, and "?sslmode=verify-full" demands TLS.',
    { example: '"postgresql://sluice@127.0.0.1:5432/mail"' },
  ),
  name: key(
    textOf('a name such as "ways"', tableName).optional(),
    'For program and postgresql: what it is called in explanations and troubles.',
    { defaultText: 'the name of the program\'s file; "postgresql"', example: '"ways"' },
  ),
  password_file: key(
    z
      .string({ error: expected('the name of a file') })
      .min(1, 'must not be empty')
      .optional(),
    'For postgresql: a file with the password, which the manager reads. A relative path starts at the folder of the configuration file.',
    { example: '"/etc/sluice/postgresql.password"' },
  ),
  query: key(
    z.string({ error: expected('a query such as "SELECT route FROM routes WHERE address = $1"') }).optional(),
    'For postgresql: a query with one parameter, the key, written as $1. The first column of the first row is the entry; without a row, there is none.',
    { example: '"SELECT route FROM routes WHERE address = $1"' },
  ),
  timeout: key(
    duration(1, 600_000).optional(),
    'For program and postgresql: the time for one look-up. After it, the mail waits for its next attempt.',
    { defaultText: '5s for postgresql, 20s for program, with the wait for others', example: '"5s"' },
  ),
  cache: key(
    size(0, 1024 ** 3).optional(),
    'For postgresql: memory for answers that are kept. 0 keeps none.',
    { defaultText: '4MiB', example: '"16MiB"' },
  ),
  cache_time: key(
    duration(0, 86_400_000).optional(),
    'For program and postgresql: answers are kept for this time, so that changes are seen after it.',
    { defaultText: '5s for postgresql, 1m for program', example: '"1m"' },
  ),
  programs: key(
    wholeNumber(1, 1000).optional(),
    'For program: the most that run at the same time. Others wait in line.',
    { defaultText: '10', example: '20' },
  ),
};

/** The keys of one of them alone. */
const onlyFor: Readonly<Record<string, readonly (typeof routeSources)[number][]>> = {
  name: ['program', 'postgresql'],
  password_file: ['postgresql'],
  query: ['postgresql'],
  timeout: ['program', 'postgresql'],
  cache: ['postgresql'],
  cache_time: ['program', 'postgresql'],
  programs: ['program'],
};

/** What is checked, as read. */
export interface GivenRouteSource {
  readonly table?: string | undefined;
  readonly program?: readonly string[] | undefined;
  readonly postgresql?: string | undefined;
  readonly query?: string | undefined;
}

/** Exactly one of them knows the entries, and has the keys that it needs. @param refuse - `key` undefined: the table as a whole */
export function checkRouteSource(
  given: GivenRouteSource,
  refuse: (message: string, key?: string) => void,
): void {
  const [source, second] = routeSources.filter((each) => given[each] !== undefined);
  if (source === undefined) {
    refuse('needs the name of a table, or a program, or postgresql');
    return;
  }
  if (second !== undefined) refuse(`cannot stand beside ${source}: write a [[route_table]] for each`, second);
  for (const [name, sources] of Object.entries(onlyFor)) {
    if (given[name as keyof GivenRouteSource] === undefined || sources.includes(source)) continue;
    const where = source === 'table' ? '; those of a table stand in its [[table]]' : '';
    refuse(`is only for ${sources.join(' and ')}${where}`, name);
  }
  if (given.program !== undefined && given.program[0]?.startsWith('/') !== true)
    refuse('must begin with the absolute path of a program', 'program');
  if (source !== 'postgresql') return;
  if (given.query === undefined)
    refuse('needs a query, such as "SELECT route FROM routes WHERE address = $1"', 'postgresql');
  else {
    const problem = postgresqlQueryProblem(given.query);
    if (problem !== undefined) refuse(problem, 'query');
  }
}
