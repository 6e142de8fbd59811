// [[table]]: keys and values from files, by name.

import { z } from 'zod';

import { expected, key, listOf, oneOf, tableOf, textOf } from './fields.ts';
import { tableName } from './texts.ts';

/** The kinds of tables, in the order of the documentation. */
export const tableKinds = ['list'] as const;

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
  kind: key(oneOf(tableKinds).optional(), 'What the file holds. "list": one key on each line.', {
    defaultText: 'by the ending of path',
    example: '"list"',
  }),
});

/** All tables. No two have the same name. */
export const tables = listOf(table, 'tables: [[table]]').superRefine((all, context) => {
  for (const [index, { name, path, kind }] of all.entries()) {
    const earlier = all.findIndex((each) => each.name === name);
    if (earlier < index) {
      const message = `this name is already in table[${earlier + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    }
    if (kind === undefined && kindOf(path) === undefined) {
      const message = `the ending of this file does not tell what it holds; give kind as well: ${tableKinds.map((each) => `"${each}"`).join(', ')}`;
      context.addIssue({ code: 'custom', message, path: [index, 'path'] });
    }
  }
});

type TableKindName = (typeof tableKinds)[number];

const kindOfEnding: ReadonlyMap<string, TableKindName> = new Map([['.list', 'list']]);

/** The kind that the ending of a file's name tells; undefined when it tells none. */
export function kindOf(path: string): TableKindName | undefined {
  return kindOfEnding.get(/\.[^./]+$/u.exec(path)?.[0].toLowerCase() ?? '');
}
