// [[route]]: where mail goes. The first route whose domain and sender match is taken; without one, the MX is looked up.

import { z } from 'zod';

import { parseDomainPattern, parseSenderPattern } from '../values/domain.ts';
import { parseRelayHost } from '../values/endpoint.ts';
import { parseReply } from '../values/reply.ts';
import { expected, key, listOf, oneOf, textOf } from './fields.ts';

const targets = ['relay', 'error', 'mx'] as const;

/** The keys of one [[route]]; exactly one of relay, error and mx. */
export const route = z
  .strictObject({
    name: key(
      z.string({ error: expected('a text') }).optional(),
      'A name of your choice for logs and status.',
      { example: '"partners"' },
    ),
    domain: key(
      listOf(
        textOf('a domain such as "example.com" or "*.example.com"', parseDomainPattern),
        'domains such as ["example.com", "*.example.net"]',
      ).prefault([]),
      'Recipient domains that take this route; "*.example.com" means every domain under it. Leave it out for all domains.',
    ),
    sender: key(
      listOf(
        textOf('a sender such as "user@example.com" or "*.example.com"', parseSenderPattern),
        'senders such as ["user@example.com", "example.net", "<>"]',
      ).prefault([]),
      'Senders whose mail takes this route: addresses, domains, "*.example.com", or "<>" for bounces. Leave it out for all senders.',
    ),
    relay: key(
      listOf(
        textOf('a host such as "relay.example.net:25"', parseRelayHost),
        'hosts such as ["relay.example.net:25"]',
      )
        .min(1, 'must name one host at least')
        .optional(),
      'Hand the mail to these hosts ("host:port"; the port is 25 if it is left out). A name is looked up for its addresses, not for an MX.',
      { example: '["relay.example.net:25"]' },
    ),
    mode: key(
      oneOf(['failover', 'balance']).default('failover'),
      'For relay: "failover" takes the first host that works; "balance" spreads mail over all of them.',
    ),
    error: key(
      textOf('a reply such as "550 5.1.2 No such domain here"', parseReply).optional(),
      'Deliver nothing and answer this: a 5xx sends the mail back, a 4xx keeps it in the queue.',
      { example: '"550 5.1.2 No such domain here"' },
    ),
    mx: key(
      z.literal(true, { error: expected('true') }).optional(),
      "Look the domain's MX up, as without a route: for exceptions from a wider route.",
      { example: 'true' },
    ),
  })
  .superRefine((value, context) => {
    const given = targets.filter((target) => value[target] !== undefined);
    if (given.length === 1) return;
    const message =
      given.length === 0
        ? 'says nothing about where the mail goes: give one of relay, error and mx'
        : `says ${given.join(' and ')}: give only one of relay, error and mx`;
    const [, second] = given;
    context.addIssue({ code: 'custom', message, path: second === undefined ? [] : [second] });
  });
