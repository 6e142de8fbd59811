// [statistics]: where other programs get the numbers of this server.

import { parseListenEndpoint } from '../../values/endpoint.ts';
import { key, tableOf, textOf } from './fields.ts';

export const statistics = tableOf({
  prometheus: key(
    textOf('an IP address and a port such as "127.0.0.1:9465"', parseListenEndpoint).optional(),
    'Where Prometheus scrapes the numbers, by HTTP, at /metrics. Everybody who reaches this address can read them, so it should be one of this host or of an inner network. The port must be above 1023.',
    { defaultText: 'nowhere', example: '"127.0.0.1:9465"' },
  ),
});
