// [[tenant]]: tenants whose mail is kept apart from other mail, and the share of each.

import { key, listOf, tableOf, textOf, wholeNumber } from './fields.ts';
import { mailboxQuotaOfTenant, queueQuotaOfTenant } from './tenant-quotas.ts';
import { quarantineMessages, quarantineSize } from './quarantine.ts';
import { networks, senders } from './lists.ts';
import { language } from './report-texts.ts';
import { tenantName } from './texts.ts';
import { verp } from './verp.ts';
import { ValueError } from '../../values/value-error.ts';

/** A user, or all users of a domain: `@example.com`. */
export function userPattern(text: string): string {
  if (!/^[^\s@]*(?:@[^\s@]+)?$/u.test(text) || text === '') throw new ValueError(`"${text}" is no user`);
  return text;
}

const tenant = tableOf({
  name: key(
    textOf('a name such as "newsletters"', tenantName),
    'The name of the tenant: letters, digits, ".", "_" and "-". A [[limit]] refers to the tenant by this name.',
    { example: '"newsletters"' },
  ),
  sender: key(
    senders().optional(),
    'The senders of its mail: addresses, domains, or "<>" for bounces. Left out: any sender. When client is given as well, both must match.',
    { example: '["news@example.com", "example.net"]' },
  ),
  client: key(
    networks().min(1, 'must name one network at least').optional(),
    'The clients that hand its mail in, by network. Left out: any client, and sluice sendmail.',
    { example: '["10.1.0.0/16"]' },
  ),
  user: key(
    listOf(textOf('a user such as "joe@example.com", or "@example.com"', userPattern), 'users')
      .min(1, 'must name one user at least')
      .optional(),
    'The users who hand its mail in, after a log-in here or at a front end: "joe@example.com", or "@example.com" for all of a domain. Left out: any client. When sender or client are given as well, all must match.',
    { example: '["@example.com"]' },
  ),
  weight: key(
    wholeNumber(1, 100).default(1),
    'The share of the tenant. Where tenants wait for the same destination or limit, one with weight 3 gets three turns for each turn of one with weight 1. Mail of no tenant has weight 1.',
  ),
  priority: key(
    wholeNumber(-9, 9).default(0),
    'The priority of its messages that have none of their own (RFC 6710): higher goes first, but only within the tenant. 0 leaves the priority to the routes.',
  ),
  language: key(
    language().optional(),
    'The language of the reports about its mail; see language in [bounce].',
    { defaultText: 'that of [bounce]', example: '"de"' },
  ),
  verp: key(
    verp().optional(),
    'Senders of their own for the recipients of its mail; see verp in [[route]].',
    { defaultText: 'that of [bounce]', example: 'true' },
  ),
  quarantine_max_messages: key(
    quarantineMessages.optional(),
    'The most messages of the tenant in quarantine, within max_messages of [quarantine]. A message that would be held beyond that is answered 451.',
    { defaultText: 'no limit of its own', example: '1000' },
  ),
  quarantine_max_size: key(
    quarantineSize.optional(),
    'The size of all messages of the tenant in quarantine together, within max_size of [quarantine].',
    { defaultText: 'no limit of its own', example: '"100MiB"' },
  ),
  ...queueQuotaOfTenant,
  ...mailboxQuotaOfTenant,
});

/** All tenants. No two have the same name. */
export const tenants = listOf(tenant, 'tables: [[tenant]]').superRefine((all, context) => {
  for (const [index, { name }] of all.entries()) {
    const earlier = all.findIndex((each) => each.name === name);
    if (earlier < index) {
      const message = `this name is already in tenant[${earlier + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    }
  }
});
