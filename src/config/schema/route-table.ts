// [[route_table]]: tables that say where mail goes.

import { z } from 'zod';

import { duration, expected, key, listOf, oneOf, tableOf, textOf } from './fields.ts';
import { routeSourceKeys } from './route-sources.ts';
import { tableName } from './texts.ts';

/** The forms of such tables. */
export const routeTableForms = [
  'routes',
  'transport',
  'relayhost',
  'smtproutes',
  'qmtproutes',
  'authsenders',
] as const;
/** What a table is asked about. */
export const routeTableSubjects = ['recipient', 'sender', 'tenant', 'user'] as const;

const routeTable = tableOf({
  table: key(
    textOf('the name of a [[table]]', tableName).optional(),
    'The name of the [[table]] that is asked, unless a program or postgresql is. It is followed like any table: a change is in force a second or two later, for mail that waits as well.',
    { example: '"transport"' },
  ),
  ...routeSourceKeys,
  form: key(
    oneOf(routeTableForms).optional(),
    'How entries are written. "routes": a value is the name of a [[route]]. "transport": as in Postfix\'s transport table. "relayhost": as in its sender_dependent_relayhost_maps. "smtproutes", "qmtproutes", "authsenders": as in these files of qmail and s/qmail, behind the first colon of a line.',
    {
      defaultText:
        'told by the kind of the table: "transport" for "postmap", "pcre" and "regexp", "smtproutes" for "smtproutes", else "routes"',
      example: '"transport"',
    },
  ),
  by: key(
    oneOf(routeTableSubjects).optional(),
    'What the table is asked about: the "recipient", the "sender", the name of the "tenant", or the "user" who had logged in to hand the message in.',
    { defaultText: '"recipient"; with the forms relayhost and authsenders "sender"', example: '"sender"' },
  ),
  delimiter: key(
    z
      .string({ error: expected('a character such as "+"') })
      .length(1, 'must be one character')
      .optional(),
    'What separates an extension from the local part of an address: with "+", mail to user+list@example.com also finds the entry of user@example.com.',
    { defaultText: 'none', example: '"+"' },
  ),
  refresh: key(
    duration(1000).optional(),
    'How often mail that waits is looked up again where changes cannot be seen: in a table of kind "sqlite", in PostgreSQL, and by a program.',
    { defaultText: '5m; with a program, it is not looked up again by itself', example: '"1m"' },
  ),
});

/** All of them, in the order in which they are asked. */
export const routeTables = listOf(routeTable, 'tables: [[route_table]]');
