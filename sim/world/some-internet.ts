// An internet made from a seed: sites that share addresses, hosts in all kinds of trouble, domains that move.

import type { Random } from '../../src/schedule/store/random.ts';
import { Internet, type Site } from '../../src/simulate/internet.ts';
import type { HostOptions } from '../../src/simulate/host.ts';
import type { Trait } from '../../src/simulate/trait.ts';
import { Ban } from '../../src/simulate/traits/ban.ts';
import { Dead } from '../../src/simulate/traits/dead.ts';
import { Drops } from '../../src/simulate/traits/drops.ts';
import { Greylist } from '../../src/simulate/traits/greylist.ts';
import { RateLimit } from '../../src/simulate/traits/rate-limit.ts';
import { Rejects } from '../../src/simulate/traits/rejects.ts';
import { Storm } from '../../src/simulate/traits/storm.ts';
import { Tarpit } from '../../src/simulate/traits/tarpit.ts';
import { smtpHop, socketHop } from '../../src/route/next-hop.ts';

export interface InternetSize {
  readonly domains: number;
  readonly sites: number;
  readonly addresses: number;
  /** Share of the hosts and domains, in [0, 1], that have a fault. */
  readonly trouble: number;
  /** What its hosts offer, in turn. */
  readonly offers?: readonly HostOptions['offers'][] | undefined;
}

/** An internet, with the names of its sites and hosts and its addresses. */
export interface SomeInternet {
  readonly internet: Internet;
  readonly sites: readonly string[];
  readonly hosts: readonly string[];
  readonly ips: readonly string[];
}

export function someInternet(random: Random, size: InternetSize, startMs: number): SomeInternet {
  const internet = new Internet(random);
  const ips = Array.from({ length: size.addresses }, (_, index) => someIp(index));
  for (const [index, ip] of ips.entries()) {
    const offers = size.offers?.[index % size.offers.length];
    internet.addHost(ip, {
      ...(random.next() < size.trouble && someTrouble(random, startMs)),
      ...(offers !== undefined && { offers }),
    });
  }
  const sites = Array.from({ length: size.sites }, (_, index) =>
    index % 6 === 5 ? mailboxSite(internet, random, size, startMs, index) : someSite(random, ips, index),
  );
  for (let index = 0; index < size.domains; index++) {
    const site = pick(random, sites);
    const next = random.next() < 0.1 ? pick(random, sites) : site;
    const movesAtMs = startMs + random.below(7_200_000);
    const isNull = random.next() < size.trouble * 0.1;
    internet.addDomain(`domain${index}.example`, {
      at: (nowMs) => (isNull ? undefined : nowMs < movesAtMs ? site : next),
      ttlMs: random.next() < 0.3 ? random.below(3_000) : 60_000 + random.below(3_600_000),
      fails: random.next() < size.trouble ? 0.5 : 0,
    });
  }
  const hosts = new Set(sites.flatMap(({ addresses }) => addresses.map(({ host }) => host)));
  return { internet, sites: sites.map(({ name }) => name), hosts: [...hosts], ips };
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]!;
}

/** Four IPv4 addresses share each /24; every fifth address is IPv6. */
function someIp(index: number): string {
  if (index % 5 === 4) return `2001:db8:0:${(index >> 3).toString(16)}::${(index & 7) + 1}`;
  return `10.${index >> 10}.${(index >> 2) & 255}.${25 + (index & 3)}`;
}

/** Sites share addresses: many MX names, few machines behind them. */
function someSite(random: Random, ips: readonly string[], index: number): Site {
  const count = 1 + random.below(3);
  const chosen = [...new Set(Array.from({ length: count }, () => pick(random, ips)))];
  const names = 1 + random.below(2);
  const addresses = chosen
    .map((ip) => {
      const host = `mx${random.below(names)}.site${index}.example`;
      return smtpHop(host, ip, 25, 10 * (1 + random.below(2)));
    })
    .sort((left, right) => left.preference - right.preference);
  return { name: `site${index}`, label: `mx.site${index}.example`, addresses };
}

/** Mailbox servers at Unix-domain sockets, the second for when the first cannot be reached; each has troubles as others have. */
function mailboxSite(
  internet: Internet,
  random: Random,
  size: InternetSize,
  startMs: number,
  index: number,
): Site {
  const addresses = Array.from({ length: 1 + random.below(2) }, (_, at) => {
    const endpoint = { kind: 'unix', path: `/run/site${index}/lmtp${at}` } as const;
    const hop = socketHop('lmtp', endpoint, `unix:${endpoint.path}`, at);
    internet.addHost(hop.key, random.next() < size.trouble ? someTrouble(random, startMs) : {});
    return hop;
  });
  return { name: `site${index}`, label: `unix.site${index}`, addresses };
}

function someTrouble(random: Random, startMs: number): Partial<HostOptions> {
  const troubles: (() => Partial<HostOptions>)[] = [
    () => only(new Dead({ how: 'silent', fromMs: 0, untilMs: Infinity })),
    () => only(new Dead({ how: 'refused', fromMs: startMs, untilMs: startMs + random.below(86_400_000) })),
    () =>
      only(
        new Ban({
          connections: 1 + random.below(5),
          per: pick(random, ['ip', 'mx', 'network', 'destination']),
          forMs: random.below(600_000),
          reply: random.next() < 0.5 ? '' : '421 4.7.0 Too many connections from your address',
        }),
      ),
    () => only(new Drops({ connecting: 0.5 }, random)),
    () => only(new Greylist(300_000 + random.below(600_000))),
    () =>
      only(
        new Storm(
          {
            everyMs: 3_600_000,
            forMs: 60_000 + random.below(1_800_000),
            share: random.next(),
            firstMs: startMs,
          },
          random,
        ),
      ),
    () =>
      only(
        new RateLimit({
          messages: 1 + random.below(10),
          perMs: 60_000,
          reply: '450 4.7.28 Too many messages, slow down',
        }),
      ),
    () => only(new Drops({ ready: 0.4 }, random)),
    () => only(new Drops({ busy: 0.3 }, random)),
    () => only(new Drops({ idle: 1 }, random)),
    () => only(new Rejects(0.3, 0.1, random)),
    () => only(new Tarpit(30_000 + random.below(300_000), random.below(60_000))),
    () => ({ latencyMs: 10_000 }),
  ];
  const [first, second] = [pick(random, troubles)(), pick(random, troubles)()];
  if (random.next() >= 0.3) return first;
  return { ...first, ...second, traits: [...(first.traits ?? []), ...(second.traits ?? [])] };
}

function only(trait: Trait): Partial<HostOptions> {
  return { traits: [trait] };
}
