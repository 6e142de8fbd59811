// The demo's configuration: a few limits for all destinations, and a limit for each provider whose wishes are known.

import type { SluiceConfig } from '../neighbours/sluice.ts';
import { domainsOf, type Neighbourhood } from './neighbourhood.ts';

/** The limits of the configuration, which the summary compares with the highest counts. */
export const allowed = {
  all: 300,
  ip: 10,
  domain: 10,
  tiny: 2,
  family: 8,
  mx: 4,
  perSecond: 30,
  newsletter: 240,
} as const;

/** The tenant that sends the flood. */
export const flood = { name: 'newsletter', domain: 'newsletter.test' } as const;
/** The tenant that sends ten messages. */
export const small = { name: 'shop', domain: 'shop.test' } as const;

export function tenantOf(sender: string): string {
  const domain = sender.slice(sender.indexOf('@') + 1);
  return [flood, small].find((tenant) => tenant.domain === domain)?.name ?? '';
}

export function configuration({ providers, dns, port }: Neighbourhood): SluiceConfig {
  return {
    hostname: 'sluice.demo.test',
    dns: { servers: [`${dns.address}:${dns.port}`] },
    queue: { retry: ['2s'], retry_jitter: 0.2 },
    // The summary allows no connection above the limit, so slow greetings may not add any (max_unanswered).
    deliver: {
      port,
      ipv6: false,
      max_connections: allowed.all,
      max_unanswered: 0,
      address_rest: ['1s'],
    },
    tenant: [flood, small].map(({ name, domain }) => ({ name, sender: [domain] })),
    limit: [
      // For all destinations without a limit of their own.
      { per: 'domain', connections: allowed.domain },
      { per: 'ip', connections: allowed.ip },
      // For providers whose wishes are known.
      { per: 'domain', domain: domainsOf(providers, 'tiny'), connections: allowed.tiny },
      { name: 'family', per: 'group', domain: domainsOf(providers, 'family'), connections: allowed.family },
      { per: 'mx', mx: ['*.hosted.test'], connections: allowed.mx },
      { per: 'mx', mx: ['*.paced.test'], message_rate: `${allowed.perSecond}/sec` },
      // The flood never has all connections.
      { per: 'tenant', tenant: [flood.name], connections: allowed.newsletter },
    ],
  };
}
