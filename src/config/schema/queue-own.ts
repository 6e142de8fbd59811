// What a queue has of its own beside its store and its times: connections, turns, addresses, a name, and the way of its reports.

import { z } from 'zod';

import { expected, key, listOf, textOf, wholeNumber } from './fields.ts';
import { hostName, ownAddress } from './texts.ts';

/** A list of own addresses. */
export function ownAddresses() {
  return listOf(
    textOf('an IP address such as "192.0.2.25"', ownAddress),
    'addresses of our own such as ["192.0.2.25"]',
  )
    .min(1, 'must name one address at least')
    .optional();
}

export const queueOwnKeys = {
  max_connections: key(
    wholeNumber(0, 1_000_000).optional(),
    'Connections for its mail at the same time, to all destinations together; max_connections in [deliver] holds over all queues. 0 holds its mail.',
    { defaultText: 'only the limits of all queues', example: '100' },
  ),
  weight: key(
    wholeNumber(1, 100).optional(),
    'Messages that its mail of no tenant may send in a row, where other mail waits for the same limit or connection. Mail of tenants goes by the weight of its [[tenant]].',
    { defaultText: '1', example: '3' },
  ),
  source: key(
    ownAddresses(),
    'Its connections are made from these addresses alone, unless a [[route]] names others. Each is that of a [[source]], which has the name for EHLO, too.',
    { defaultText: 'source in [queue]', example: '["192.0.2.26", "2001:db8::26"]' },
  ),
  bounce_route: key(
    z.string({ error: expected('the name of a route') }).optional(),
    'The name of the [[route]] that reports about its mail take. What the record of a domain says comes before it.',
    { defaultText: 'route in [bounce]', example: '"bounces"' },
  ),
  helo_name: key(
    textOf('a host name such as "mail.example.com"', hostName).optional(),
    'The host name that Sluice sends in EHLO on its connections, in place of that of the address.',
    { defaultText: 'helo_name of the [[source]], or in [deliver]', example: '"news.example.com"' },
  ),
};
