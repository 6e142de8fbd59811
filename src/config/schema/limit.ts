// [[limit]]: what is limited, what it is counted per, and which mail it applies to. See docs/limits.md.
// Promises: each table sets a quantity; a group has a match; no quantity is set twice for the same mail.

import { z } from 'zod';

import { parseRate, type Rate, unlimitedRate } from '../../values/rate.ts';
import { expected, expectedForms, key, listOf, oneOf, tableOf, textOf, wholeNumber } from './fields.ts';
import { mxHosts, networks, recipientDomains } from './lists.ts';
import { labelText } from './texts.ts';

/** What a limit can count per. A list of several is kept in this order. */
export const limitPers = ['domain', 'site', 'mx', 'ip', 'network', 'source', 'tenant', 'queue'] as const;
const perWords = [...limitPers, 'group'] as const;

const matches = ['domain', 'domain_file', 'mx', 'route', 'ip', 'source', 'tenant', 'queue'] as const;
const quantities = [
  'connections',
  'connection_rate',
  'message_rate',
  'recipient_rate',
  'messages_per_connection',
  'recipients_per_message',
] as const;

/** One of `limitPers`, "group", or a list of `limitPers`. */
function per() {
  const words = perWords.map((word) => `"${word}"`).join(', ');
  const keys = listOf(oneOf(limitPers), 'keys such as ["source", "mx"]').min(1, 'must name one key at least');
  const form = `one of ${words}, or a list of them`;
  const either = z.union([oneOf(perWords), keys], { error: expected(form) });
  expectedForms.add(either, { form });
  return either;
}

/** A whole number, or "unlimited", which lifts the limit of a less specific table. */
function count(least: number) {
  const form = `a whole number from ${least} to 1000000, or "unlimited"`;
  const either = z.union([wholeNumber(least, 1_000_000), z.literal('unlimited')], { error: expected(form) });
  expectedForms.add(either, { form });
  return either;
}

function rate() {
  return textOf('a rate such as "600/min", or "unlimited"', (text): Rate =>
    text === 'unlimited' ? unlimitedRate : parseRate(text),
  );
}

/** The keys of one [[limit]]. */
const limit = tableOf({
  name: key(
    textOf('a name', labelText).optional(),
    'A name of your choice, different for each limit, shown wherever the limit is shown. What its rates have used up is stored under this name, so that it survives a change of the match.',
    { example: '"yahoo"' },
  ),
  per: key(
    per(),
    'What the limit is counted for: each "domain" of recipients, each "site" (domains with the same MX hosts are one site), each "mx" host, each "ip" address, each "network" (/24 or /64), each "source" (own address), each "tenant", each "queue", or each combination of a list of these. "group": everything that the limit matches shares one budget.',
    { example: '"domain"' },
  ),
  domain: key(
    recipientDomains().optional(),
    'Only for mail to these recipient domains; "*.example.com" means every domain under it, not example.com itself. When a limit has several of domain, mx, ip, source, tenant and queue, one item of each must match.',
    { example: '["example.com", "*.example.net"]' },
  ),
  domain_file: key(
    z
      .string({ error: expected('the name of a file') })
      .min(1, 'must not be empty')
      .optional(),
    'A file with more domains for the key domain, one per line; empty lines and lines that begin with # are skipped. It is read again on reload.',
    { example: '"yahoo-domains.txt"' },
  ),
  mx: key(
    mxHosts().optional(),
    'Only for connections to these MX hosts or smarthosts; "*.example.com" means every host under it.',
    { example: '["*.mail.protection.outlook.com"]' },
  ),
  route: key(
    listOf(z.string({ error: expected('the name of a route') }), 'names of routes')
      .min(1, 'must name one route at least')
      .optional(),
    'Only for mail of these [[route]] tables, by their names. They must be routes with pipe, archive or redirect: for others, write domain or mx.',
    { example: '["procmail"]' },
  ),
  ip: key(
    networks().min(1, 'must name one network at least').optional(),
    'Only for connections to addresses in these networks.',
    {
      example: '["98.136.0.0/16", "2001:4998::/32"]',
    },
  ),
  source: key(
    networks().min(1, 'must name one address at least').optional(),
    'Only for connections from these own addresses; see [[source]].',
    { example: '["192.0.2.25"]' },
  ),
  tenant: key(
    listOf(
      textOf('a tenant name', (text) => text),
      'names of [[tenant]] tables; "" is mail of no tenant',
    )
      .min(1, 'must name one tenant at least')
      .optional(),
    'Only for mail of these tenants, by the name of their [[tenant]]; "" is mail of no tenant.',
    { example: '["newsletters"]' },
  ),
  queue: key(
    listOf(z.string({ error: expected('the name of a queue') }), 'names of queues such as ["news"]')
      .min(1, 'must name one queue at least')
      .optional(),
    'Only for mail of these queues: names of [queues.NAME], or "default" for that of [queue].',
    { example: '["news"]' },
  ),
  connections: key(
    count(0).optional(),
    'Connections at the same time. 0 holds the mail: nothing is sent, and waiting is no failed attempt. "unlimited" lifts a less specific limit.',
    { example: '20' },
  ),
  connection_rate: key(rate().optional(), 'Rate of new connections, spaced evenly.', {
    example: '"60/min"',
  }),
  message_rate: key(
    rate().optional(),
    'Rate of messages, spaced evenly. No period of this length, whenever it begins, has more messages.',
    { example: '"600/min"' },
  ),
  recipient_rate: key(rate().optional(), 'Rate of recipients, spaced evenly.', {
    example: '"10000/hour"',
  }),
  messages_per_connection: key(
    count(1).optional(),
    'The most messages sent over one connection before a new one is opened; never more than transactions_per_connection in [deliver].',
    { example: '20' },
  ),
  recipients_per_message: key(
    count(1).optional(),
    'The most recipients of one message in one SMTP transaction; never more than recipients_per_transaction in [deliver].',
    { example: '50' },
  ),
}).superRefine((value, context) => {
  const complain = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path });
  if (quantities.every((quantity) => value[quantity] === undefined)) {
    complain(`sets no limit: give at least one of ${quantities.join(', ')}`, []);
  }
  if (value.per === 'group' && matches.every((match) => value[match] === undefined)) {
    const which = matches.join(', ');
    context.addIssue({
      code: 'custom',
      message: `a group needs a match: give at least one of ${which}; the limit for all mail is max_connections in [deliver]`,
      path: ['per'],
    });
  }
  if (Array.isArray(value.per)) {
    for (const [index, word] of value.per.entries()) {
      if (value.per.indexOf(word) < index) complain(`"${word}" is in the list already`, ['per', index]);
    }
  }
});

/** All limits. No two have the same name, or set the same quantity for the same mail. */
export const limits = listOf(limit, 'tables: [[limit]]').superRefine((all, context) => {
  const indexByName = new Map<string, number>();
  const indexByQuantity = new Map<string, number>();
  for (const [index, each] of all.entries()) {
    const sameName = each.name === undefined ? undefined : indexByName.get(each.name);
    if (sameName !== undefined) {
      const message = `this name is already in limit[${sameName + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    } else if (each.name !== undefined) indexByName.set(each.name, index);
    const match = JSON.stringify([[each.per].flat().sort(), ...matches.map((name) => sorted(each[name]))]);
    for (const quantity of quantities) {
      if (each[quantity] === undefined) continue;
      const earlier = indexByQuantity.get(`${quantity} ${match}`);
      if (earlier === undefined) indexByQuantity.set(`${quantity} ${match}`, index);
      else {
        const message = `is set for the same mail already in limit[${earlier + 1}]; keep one of them`;
        context.addIssue({ code: 'custom', message, path: [index, quantity] });
      }
    }
  }
});

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? value.map((item) => JSON.stringify(item)).sort() : value;
}
