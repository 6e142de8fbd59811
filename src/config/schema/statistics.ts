// [statistics]: where other programs get the numbers of this server.

import { parseListenEndpoint, parseStatsdServer } from '../../values/endpoint.ts';
import { ValueError } from '../../values/value-error.ts';
import { duration, key, tableOf, textOf } from './fields.ts';

/** Names separated by full stops. */
function statsdPrefix(text: string): string {
  if (/^[\w-]{1,64}(?:\.[\w-]{1,64}){0,7}$/u.test(text)) return text;
  throw new ValueError(`"${text}": write names of letters, digits, "_" and "-", separated by full stops`);
}

export const statistics = tableOf({
  prometheus: key(
    textOf('an IP address and a port such as "127.0.0.1:9465"', parseListenEndpoint).optional(),
    'Where Prometheus scrapes the numbers, by HTTP, at /metrics. Everybody who reaches this address can read them, so it should be one of this host or of an inner network. The port must be above 1023.',
    { defaultText: 'nowhere', example: '"127.0.0.1:9465"' },
  ),
  statsd: key(
    textOf('an IP address such as "127.0.0.1:8125"', parseStatsdServer).optional(),
    'A StatsD server that the numbers are pushed to, by UDP.',
    { defaultText: 'none', example: '"127.0.0.1:8125"' },
  ),
  statsd_prefix: key(
    textOf('a name such as "sluice"', statsdPrefix).prefault('sluice'),
    'What stands before each name there. Give each host of several its own: "mail.mx1".',
  ),
  statsd_every: key(duration(1_000, 3_600_000).prefault('10s'), 'How often they are pushed.'),
});
