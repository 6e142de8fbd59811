// [[stage]] of kind "rates": how often a client, a network or a domain may connect, send and name recipients.

import { z } from 'zod';

import { parseRate, type Rate } from '../../../values/rate.ts';
import { duration, expected, expectedForms, key, listOf, oneOf, textOf, wholeNumber } from '../fields.ts';
import { exceptions } from './defence-keys.ts';
import { stageKind } from './stage-kind.ts';

/** One rate, or several. */
function rates() {
  const form = 'a rate such as "60/min", or a list of rates';
  const one = textOf('a rate such as "60/min"', (text): readonly Rate[] => [parseRate(text)]);
  const several = listOf(textOf('a rate such as "60/min"', parseRate), 'rates').min(
    1,
    'must name one rate at least',
  );
  const either = z.union([one, several], { error: expected(form) });
  expectedForms.add(either, { form });
  return either;
}

export const ratesStage = stageKind(
  'rates',
  'rates of incoming mail: how often a client, a network or a domain may connect, send messages and name recipients, counted over all processes. docs/rates.md says more.',
  {
    time_limit: key(
      duration(1000, 600_000).prefault('5s'),
      'How long the answer may take. Beyond that it has failed.',
    ),
    on_failure: key(
      oneOf(['continue', 'tempfail', 'quarantine', 'disconnect']).default('continue'),
      'What happens when nobody can count, because the manager process is being restarted: the mail goes on; the client is asked to try again later (451); the message is held; the client is disconnected with 421.',
    ),
    by: key(
      oneOf(['client', 'network', 'sender_domain', 'recipient_domain']),
      'What is counted by: each "client" by IP address (of IPv6, by /64), each "network", each "sender_domain" of the envelope, or each "recipient_domain".',
      { example: '"client"' },
    ),
    connections: key(rates().optional(), 'How many connections a client or a network may make.', {
      example: '"60/min"',
    }),
    messages: key(rates().optional(), 'How many messages may be begun (MAIL), whatever becomes of them.', {
      example: '["30/min", "500/day"]',
    }),
    recipients: key(
      rates().optional(),
      'How many recipients may be named that no check before has refused.',
      {
        example: '"200/hour"',
      },
    ),
    refused_recipients: key(
      rates().optional(),
      'How many recipients may be refused for good, by any check. Beyond that, nothing more is taken.',
      { example: '"20/hour"' },
    ),
    beyond: key(
      oneOf(['tempfail', 'disconnect']).default('tempfail'),
      'What a client hears beyond a rate at MAIL and RCPT: 451, or 421 and the end of the connection. At the connection it is always 421.',
    ),
    network_ipv4: key(
      wholeNumber(8, 32).default(24),
      'With by = "network": the bits of an IPv4 address that count.',
    ),
    network_ipv6: key(
      wholeNumber(16, 128).default(48),
      'With by = "network": the bits of an IPv6 address that count.',
    ),
    ...exceptions,
    entries: key(
      wholeNumber(1000, 1_000_000).default(100_000),
      'The most clients, networks or domains that are remembered. Beyond that, those are forgotten first that have used the smallest part of their rates.',
    ),
  },
  'unknown',
).superRefine((value, context) => {
  const quantities = ['connections', 'messages', 'recipients', 'refused_recipients'] as const;
  const complain = (message: string, path: string[]): void =>
    context.addIssue({ code: 'custom', message, path });
  if (quantities.every((quantity) => value[quantity] === undefined))
    complain(`limits nothing: give at least one of ${quantities.join(', ')}`, []);
  if (value.connections !== undefined && value.by !== 'client' && value.by !== 'network')
    complain(`has no meaning with by = "${value.by}": a connection has no ${value.by.replace('_', ' ')}`, [
      'connections',
    ]);
});
