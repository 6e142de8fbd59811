// [[tenant]]: whose mail is kept apart from that of others, and how big its share is.

import { key, listOf, tableOf, textOf, wholeNumber } from './fields.ts';
import { networks, senders } from './lists.ts';
import { tenantName } from './texts.ts';

const tenant = tableOf({
  name: key(
    textOf('a name such as "newsletters"', tenantName),
    'The name of the tenant: letters, digits, ".", "_" and "-". Limits name it in tenant.',
    { example: '"newsletters"' },
  ),
  sender: key(
    senders().optional(),
    'Its senders: addresses, domains, or "<>" for bounces; without it, any sender. With client too, both must match.',
    { example: '["news@example.com", "example.net"]' },
  ),
  client: key(
    networks().min(1, 'must name one network at least').optional(),
    'Its clients, by network; without it, any client and sluice sendmail too.',
    { example: '["10.1.0.0/16"]' },
  ),
  weight: key(
    wholeNumber(1, 100).default(1),
    'Where tenants wait for the same thing, one of weight 3 gets three turns for each turn of one of weight 1. Mail of no tenant has weight 1.',
  ),
  priority: key(
    wholeNumber(-9, 9).default(0),
    'The priority of its messages that bring none along (RFC 6710): higher goes first, inside the tenant only. 0 leaves it to the routes.',
  ),
});

/** All tenants: each name once. */
export const tenants = listOf(tenant, 'tables: [[tenant]]').superRefine((all, context) => {
  for (const [index, { name }] of all.entries()) {
    const earlier = all.findIndex((each) => each.name === name);
    if (earlier < index) {
      const message = `this name is already in tenant[${earlier + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    }
  }
});
