// [[limit]]: how much of something, counted per what, and for which mail. See docs/limits.md.
// Promises: each limit says how much and, if it is a group, of what; no limit is set twice.

import { z } from 'zod';

import { parseRate, type Rate, unlimitedRate } from '../../values/rate.ts';
import { expected, key, listOf, oneOf, tableOf, textKinds, textOf, wholeNumber } from './fields.ts';
import { mxHosts, networks, recipientDomains } from './lists.ts';
import { labelText } from './texts.ts';

/** What a limit can count per, in the order in which a list of them is kept. */
export const limitPers = ['domain', 'site', 'mx', 'ip', 'network', 'source', 'tenant'] as const;
const perWords = [...limitPers, 'group'] as const;

const matches = ['domain', 'domain_file', 'mx', 'ip', 'source', 'tenant'] as const;
const quantities = [
  'connections',
  'connection_rate',
  'message_rate',
  'recipient_rate',
  'messages_per_connection',
  'recipients_per_message',
] as const;

/** One key, "group", or a list of keys. */
function per() {
  const words = perWords.map((word) => `"${word}"`).join(', ');
  const keys = listOf(oneOf(limitPers), 'keys such as ["source", "mx"]').min(1, 'must name one key at least');
  const either = z.union([oneOf(perWords), keys], { error: expected(`one of ${words}, or a list of them`) });
  textKinds.add(either, { what: `one of ${words}, or a list of them` });
  return either;
}

/** A whole number, or no limit where a less specific table sets one. */
function count(least: number) {
  const what = `a whole number from ${least} to 1000000, or "unlimited"`;
  const either = z.union([wholeNumber(least, 1_000_000), z.literal('unlimited')], { error: expected(what) });
  textKinds.add(either, { what });
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
    'A name of your choice, different for each limit, shown wherever the limit is. What its rates have used up is kept under it, so it survives a change of the match.',
    { example: '"yahoo"' },
  ),
  per: key(
    per(),
    'What is counted: the limit holds for each "domain" of recipients, each "site" (domains with the same MX hosts are one), each "mx" host, each "ip" address, each "network" (/24 or /64), each "source" (own address), each "tenant" (tenant), or each combination of a list of them. "group": one budget for everything that the limit matches.',
    { example: '"domain"' },
  ),
  domain: key(
    recipientDomains().optional(),
    'Only for mail to these recipient domains; "*.example.com" means every domain under it, not example.com itself. All matches that are given must fit, of each list one item.',
    { example: '["example.com", "*.example.net"]' },
  ),
  domain_file: key(
    z
      .string({ error: expected('the name of a file') })
      .min(1, 'must not be empty')
      .optional(),
    'A file with more domains for domain, one a line; empty lines and lines that begin with # are skipped. It is read again on reload.',
    { example: '"yahoo-domains.txt"' },
  ),
  mx: key(
    mxHosts().optional(),
    'Only for connections to these MX hosts or smarthosts; "*.example.com" means every host under it.',
    { example: '["*.mail.protection.outlook.com"]' },
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
  connections: key(
    count(0).optional(),
    'Connections at once. 0 is on hold: nothing is sent, and nothing counts as an attempt. "unlimited" lifts a less specific limit.',
    { example: '20' },
  ),
  connection_rate: key(rate().optional(), 'New connections in this time, spaced evenly.', {
    example: '"60/min"',
  }),
  message_rate: key(
    rate().optional(),
    'Messages in this time, spaced evenly; never more than so many in any window of this length.',
    { example: '"600/min"' },
  ),
  recipient_rate: key(rate().optional(), 'Recipients in this time, spaced evenly.', {
    example: '"10000/hour"',
  }),
  messages_per_connection: key(
    count(1).optional(),
    'Messages sent over one connection before a new one is made; never more than transactions_per_connection in [deliver].',
    { example: '20' },
  ),
  recipients_per_message: key(
    count(1).optional(),
    'Recipients of one message that are handed over together; never more than recipients_per_transaction in [deliver].',
    { example: '50' },
  ),
}).superRefine((value, context) => {
  const complain = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path });
  if (quantities.every((quantity) => value[quantity] === undefined)) {
    complain(`says nothing about how much: give one at least of ${quantities.join(', ')}`, []);
  }
  if (value.per === 'group' && matches.every((match) => value[match] === undefined)) {
    const which = matches.join(', ');
    context.addIssue({
      code: 'custom',
      message: `a group of everything: say which mail it is with one of ${which}; max_connections in [deliver] is the limit of all`,
      path: ['per'],
      // With a match that has another name now, it is no group of everything.
      params: { isLack: true },
    });
  }
  if (Array.isArray(value.per)) {
    for (const [index, word] of value.per.entries()) {
      if (value.per.indexOf(word) < index) complain(`"${word}" is in the list already`, ['per', index]);
    }
  }
});

/** All limits: no name and no quantity of the same mail twice. */
export const limits = listOf(limit, 'tables: [[limit]]').superRefine((all, context) => {
  const names = new Map<string, number>();
  const set = new Map<string, number>();
  for (const [index, each] of all.entries()) {
    const sameName = each.name === undefined ? undefined : names.get(each.name);
    if (sameName !== undefined) {
      const message = `this name is already in limit[${sameName + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'name'] });
    } else if (each.name !== undefined) names.set(each.name, index);
    const mail = JSON.stringify([[each.per].flat().sort(), ...matches.map((match) => sorted(each[match]))]);
    for (const quantity of quantities) {
      if (each[quantity] === undefined) continue;
      const earlier = set.get(`${quantity} ${mail}`);
      if (earlier === undefined) set.set(`${quantity} ${mail}`, index);
      else {
        const message = `is set for the same mail already in limit[${earlier + 1}]; keep one of them`;
        context.addIssue({ code: 'custom', message, path: [index, quantity] });
      }
    }
  }
});

function sorted(match: unknown): unknown {
  return Array.isArray(match) ? match.map((item) => JSON.stringify(item)).sort() : match;
}
