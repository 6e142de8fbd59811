// [[recipients]]: which mailboxes the domains have that mail is accepted for.

import { z } from 'zod';

import { formatDomainPattern } from '../../values/domain.ts';
import { expected, key, listOf, oneOf, tableOf, textOf, yesNo } from './fields.ts';
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
    { defaultText: 'none: give directory instead', example: '"users"' },
  ),
  directory: key(
    yesNo().optional(),
    'The mailboxes are the users of the directory and their aliases, instead of those of a table.',
    { defaultText: 'false', example: 'true' },
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
  for (const [index, { domain, table, directory }] of all.entries()) {
    if ((table !== undefined) === (directory === true)) {
      const message = 'needs either table, with the name of a [[table]], or directory = true';
      context.addIssue({ code: 'custom', message, path: [index] });
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
