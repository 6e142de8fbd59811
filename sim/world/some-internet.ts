// An internet made from a seed: sites that share addresses, hosts in all kinds of trouble, domains that move.

import type { Random } from '../../src/schedule/random.ts';
import { friendly, type Personality } from './destination.ts';
import { Internet, type Site } from './internet.ts';

export interface InternetSize {
  readonly domains: number;
  readonly sites: number;
  readonly addresses: number;
  /** Part of the hosts and domains, in [0, 1], that are in trouble. */
  readonly trouble: number;
}

export function someInternet(random: Random, size: InternetSize, startMs: number): Internet {
  const internet = new Internet(random);
  const ips = Array.from({ length: size.addresses }, (_, index) => `10.${index >> 8}.${index & 255}.25`);
  for (const ip of ips) {
    internet.addHost(ip, random.next() < size.trouble ? someTrouble(random, startMs) : friendly);
  }
  const sites = Array.from({ length: size.sites }, (_, index) => someSite(random, ips, index));
  for (let index = 0; index < size.domains; index += 1) {
    const site = pick(random, sites);
    internet.addDomain(`domain${index}.example`, site, {
      next: random.next() < 0.1 ? pick(random, sites) : site,
      movesAtMs: startMs + random.below(7_200_000),
      ttlMs: random.next() < 0.3 ? random.below(3_000) : 60_000 + random.below(3_600_000),
      flaps: random.next() < size.trouble ? 0.5 : 0,
      isNull: random.next() < size.trouble * 0.1,
    });
  }
  return internet;
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]!;
}

/** Sites share addresses: many MX names, few machines behind them. */
function someSite(random: Random, ips: readonly string[], index: number): Site {
  const count = 1 + random.below(3);
  const chosen = new Set(Array.from({ length: count }, () => pick(random, ips)));
  const addresses = [...chosen]
    .map((ip) => ({ ip, port: 25, host: `mx.site${index}.example`, preference: 10 * (1 + random.below(2)) }))
    .sort((left, right) => left.preference - right.preference);
  return { name: `site${index}`, addresses };
}

function someTrouble(random: Random, startMs: number): Personality {
  const troubles: Partial<Personality>[] = [
    { deadUntilMs: Infinity },
    { deadUntilMs: startMs + random.below(86_400_000) },
    { maxConnections: 1 + random.below(5), banMs: random.below(600_000) },
    { refuses: 0.5 },
    { greylistMs: 300_000 + random.below(600_000) },
    { storms: 0.4 },
    { dropsReady: 0.4 },
    { dropsBusy: 0.3 },
    { dropsIdle: 1 },
    { rejects: 0.3 },
    { latencyMs: 20_000 },
  ];
  return { ...friendly, ...pick(random, troubles), ...(random.next() < 0.3 ? pick(random, troubles) : {}) };
}
