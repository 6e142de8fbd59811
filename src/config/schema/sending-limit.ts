// [[sending_limit]]: how much a user, a client, a tenant or a sender domain may hand in. See docs/sending-limits.md.
// Promises: each table sets a quantity; its list is of what it counts by; no quantity is set twice for the same key.

import { z } from 'zod';

import { formatDomainPattern, parseDomainPattern } from '../../values/domain.ts';
import { formatNetwork } from '../../values/network.ts';
import { parseRate, type Rate } from '../../values/rate.ts';
import { duration, expected, expectedForms, key, listOf, oneOf, tableOf, textOf } from './fields.ts';
import { networks } from './lists.ts';
import { userPattern } from './tenant.ts';

const kinds = ['user', 'client', 'tenant', 'sender_domain'] as const;
const quantities = ['messages', 'recipients'] as const;
const longestWaitMs = 7 * 86_400_000;

/** A rate, several of different periods, or "unlimited"; read into a list of rates, which is empty for "unlimited". */
function rates() {
  const form = 'a rate such as "200/hour", a list of rates, or "unlimited"';
  const rate = textOf('a rate such as "200/hour"', parseRate);
  const one = textOf('a rate such as "200/hour", or "unlimited"', (text): readonly Rate[] =>
    text === 'unlimited' ? [] : [parseRate(text)],
  );
  const several = listOf(rate, 'rates such as ["200/hour", "1000/day"]')
    .min(1, 'must name one rate at least')
    .superRefine((all, context) => {
      for (const [index, { perMs }] of all.entries()) {
        if (all.findIndex((each) => each.perMs === perMs) === index) continue;
        context.addIssue({
          code: 'custom',
          message: 'there is a rate of this period already',
          path: [index],
        });
      }
    });
  const either = z.union([one, several], { error: expected(form) });
  expectedForms.add(either, { form });
  return either;
}

const sendingLimit = tableOf({
  by: key(
    oneOf(kinds),
    'What is counted by: each "user" who has logged in, each "client" by IP address (of IPv6, by /64), each "tenant", or each "sender_domain", which is the domain of the envelope sender.',
    { example: '"user"' },
  ),
  user: key(
    listOf(textOf('a user such as "joe@example.com", or "@example.com"', userPattern), 'users')
      .min(1, 'must name one user at least')
      .optional(),
    'With by = "user": the limit of these users, in place of a limit without this list. Each of them has a count of its own. "@example.com" is every user of the domain who is not named.',
    { defaultText: 'every user who is named nowhere', example: '["joe@example.com", "@example.net"]' },
  ),
  client: key(
    networks().min(1, 'must name one network at least').optional(),
    'With by = "client": the limit of each client in these networks.',
    { defaultText: 'every client that is named nowhere', example: '["192.0.2.0/24"]' },
  ),
  tenant: key(
    listOf(
      textOf('a tenant name', (text) => text),
      'names of [[tenant]] tables',
    )
      .min(1, 'must name one tenant at least')
      .optional(),
    'With by = "tenant": the limit of each of these tenants.',
    { defaultText: 'every tenant that is named nowhere', example: '["newsletters"]' },
  ),
  sender_domain: key(
    listOf(
      textOf('a domain such as "example.com" or "*.example.com"', parseDomainPattern),
      'domains such as ["example.com", "*.example.net"]',
    )
      .min(1, 'must name one domain at least')
      .optional(),
    'With by = "sender_domain": the limit of each of these domains; "*.example.com" is every domain under it.',
    { defaultText: 'every domain that is named nowhere', example: '["example.com"]' },
  ),
  messages: key(
    rates().optional(),
    'How many messages may be handed in: at most so many in any period of this length, all at once or one by one. Several rates hold together. "unlimited" lifts the limit of a less specific table.',
    { example: '"200/hour"' },
  ),
  recipients: key(rates().optional(), 'How many recipients they may have, all messages together.', {
    example: '["500/hour", "2000/day"]',
  }),
  beyond: key(
    oneOf(['tempfail', 'pace']).default('tempfail'),
    'What happens to a message beyond the limit. "tempfail": it is refused with 450 and the time at which it will be taken. "pace": it is accepted, and waits in the queue until it is within the limit.',
  ),
  longest_wait: key(
    duration(1000, longestWaitMs).optional(),
    'With beyond = "pace": a message that would have to wait longer is refused as with "tempfail". It is never more than half of lifetime in [queue].',
    { defaultText: '1d', example: '"12h"' },
  ),
}).superRefine((value, context) => {
  const complain = (message: string, path: (string | number)[]): void =>
    context.addIssue({ code: 'custom', message, path });
  if (quantities.every((quantity) => value[quantity] === undefined)) {
    complain(`sets no limit: give at least one of ${quantities.join(', ')}`, []);
  }
  if (value.beyond === 'tempfail' && value.longest_wait !== undefined) {
    complain('has no meaning without beyond = "pace"', ['longest_wait']);
  }
  for (const kind of kinds) {
    if (kind === value.by || value[kind] === undefined) continue;
    complain(`has no meaning with by = "${value.by}", which takes a list called ${value.by}`, [kind]);
  }
});

/** All of them. No quantity is set twice for the same key. */
export const sendingLimits = listOf(sendingLimit, 'tables: [[sending_limit]]').superRefine((all, context) => {
  const seen = new Map<string, number>();
  for (const [index, each] of all.entries()) {
    const names = [
      ...(each.user ?? []).map((name) => name.toLowerCase()),
      ...(each.client ?? []).map(formatNetwork),
      ...(each.tenant ?? []),
      ...(each.sender_domain ?? []).map(formatDomainPattern),
    ];
    for (const quantity of quantities) {
      if (each[quantity] === undefined) continue;
      for (const name of names.length === 0 ? [''] : names) {
        const what = `${quantity} ${each.by} ${name}`;
        const earlier = seen.get(what);
        seen.set(what, index);
        if (earlier === undefined) continue;
        const whose = name === '' ? 'everybody' : name;
        const message = `is set for ${whose} already in sending_limit[${earlier + 1}]; keep one of them`;
        context.addIssue({ code: 'custom', message, path: [index, quantity] });
      }
    }
  }
});
