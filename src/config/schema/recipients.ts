// [[recipients]]: which mailboxes the domains have that mail is accepted for.

import { z } from 'zod';

import { formatDomainPattern } from '../../values/domain.ts';
import { duration, expected, key, listOf, oneOf, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';
import { recipientDomains } from './lists.ts';
import { subaddressSeparators } from './texts.ts';

const recipients = tableOf({
  domain: key(
    recipientDomains(),
    'The domains whose mailboxes are in the table. "*.example.com" means every domain under example.com, not example.com itself. The most specific match counts.',
    { example: '["example.com"]' },
  ),
  table: key(
    z.string({ error: expected('the name of a [[table]]') }).optional(),
    'The name of the [[table]] with the mailboxes: "user@example.com", or "@example.com" for a domain that takes mail to any name.',
    { defaultText: 'none: give directory or program instead', example: '"users"' },
  ),
  directory: key(
    yesNo().optional(),
    'The mailboxes are the users of the directory and their aliases, instead of those of a table.',
    { defaultText: 'false', example: 'true' },
  ),
  program: key(
    listOf(
      z.string({ error: expected('a word of a command') }).min(1, 'must not be empty'),
      'words such as ["/usr/local/bin/mailbox-exists"]',
    )
      .min(1, 'must name a program')
      .optional(),
    'A program says which mailboxes there are, instead of a table: its absolute path, and its arguments. The mailbox is its last argument. It ends with 0 when the mailbox is there and with 1 or 100 when it is not; with anything else, such as 111, it cannot tell, and the client is answered 451.',
    { defaultText: 'none', example: '["/usr/local/bin/mailbox-exists", "--"]' },
  ),
  time_limit: key(
    duration(1000, 25_000).prefault('20s'),
    'For program: how long it may take, with the wait for others. Then it is killed, and cannot tell.',
  ),
  cache_time: key(
    duration(0, 3_600_000).prefault('1m'),
    'For program: for so long an answer is kept, also that a mailbox is unknown; "0s" for not at all.',
  ),
  programs: key(
    wholeNumber(1, 1000).default(10),
    'For program: the most that run at the same time, for each process of receivers. Other sessions wait in line.',
  ),
  waiting: key(
    wholeNumber(0, 100_000).default(500),
    'For program: the most look-ups that wait in line; any further one is answered 451.',
  ),
  key: key(
    oneOf(['address', 'local_part']).default('address'),
    'What is looked up: the whole address, or only the part before the @, for tables of the users of one system.',
  ),
  subaddress: key(
    textOf('separators such as "+"', subaddressSeparators).optional(),
    'Characters that separate a mailbox from what its owner adds to it: with "+", user+lists@example.com is accepted when user@example.com is there.',
    { defaultText: 'none', example: '"+"' },
  ),
});

/** All of them. No two have the same domain. */
export const recipientChecks = listOf(recipients, 'tables: [[recipients]]').superRefine((all, context) => {
  const seen = new Map<string, number>();
  for (const [index, { domain, table, directory, program }] of all.entries()) {
    const sources = [table !== undefined, directory === true, program !== undefined];
    if (sources.filter(Boolean).length !== 1) {
      const message =
        'needs either table, with the name of a [[table]], or directory = true, or program, and no two of them';
      context.addIssue({ code: 'custom', message, path: [index] });
    }
    if (program !== undefined && program[0]?.startsWith('/') !== true) {
      const message = 'must begin with the absolute path of a program';
      context.addIssue({ code: 'custom', message, path: [index, 'program'] });
    }
    for (const [at, pattern] of domain.entries()) {
      const text = formatDomainPattern(pattern);
      const earlier = seen.get(text);
      if (earlier !== undefined) {
        const message = `this domain is already in recipients[${earlier + 1}]`;
        context.addIssue({ code: 'custom', message, path: [index, 'domain', at] });
      }
      seen.set(text, index);
    }
  }
});
