// The demo's simulated neighbourhood: some dozens of providers on addresses of 127.0.0.0/8, each with the mail of several
// domains, and a DNS server that knows them. The configuration has a limit for the wish of each provider but one, whose wish
// Sluice has to learn.

import { startDnsServer, type DnsServer, type ZoneName } from '../dns/dns-server.ts';
import { Census } from '../mx/census.ts';
import { startMx, type Mx, type MxMessage } from '../mx/mx.ts';
import { ban, greylist, normal, shutsDownAt, slow, tarpit, type Personality } from '../mx/personality.ts';
import { freePort } from '../neighbours/ground.ts';

/** The provider that bans does so above this many connections; no limit of the configuration says so. */
export const banAbove = 5;

/** A kind of provider: how it behaves, and which limit is for it. */
interface Kind {
  /** How it behaves, in a few words. */
  readonly manner: string;
  readonly count: number;
  readonly personality: () => Personality;
  /** The limit that holds there besides those for all destinations. */
  readonly limit?: string;
  /** Its share of the mail compared with that of most others, which is 1. */
  readonly share?: number;
  readonly hosts?: number;
  readonly addresses?: number;
  readonly domains?: number;
}

export interface Provider {
  readonly name: string;
  readonly kind: string;
  readonly manner: string;
  readonly limit: string;
  readonly share: number;
  readonly domains: readonly string[];
  readonly exchangers: readonly Mx[];
}

export interface Neighbourhood {
  readonly providers: readonly Provider[];
  /** Counts what all providers see together, under the names that `checks.ts` uses. */
  readonly census: Census;
  readonly dns: DnsServer;
  /** The port that every exchanger listens on. */
  readonly port: number;
  /** How often the provider that bans has banned. */
  bans(): number;
  close(): Promise<void>;
}

export interface NeighbourhoodOptions {
  readonly tenantOf: (sender: string) => string;
  readonly onMessage: (provider: number, message: MxMessage) => void;
}

export async function startNeighbourhood(options: NeighbourhoodOptions): Promise<Neighbourhood> {
  let bans = 0;
  const kinds: Readonly<Record<string, Kind>> = {
    strict: {
      manner: `bans above ${banAbove}`,
      count: 1,
      personality: () => ban(banAbove, 1_000, () => bans++),
      limit: 'learned',
    },
    tiny: {
      manner: 'two at a time',
      count: 1,
      personality: () => slow(4),
      limit: 'domain 2',
      share: 0.4,
      domains: 1,
    },
    family: { manner: 'one of a family', count: 3, personality: () => slow(8), limit: 'group 8', domains: 3 },
    hosted: {
      manner: '4 addresses, 60 domains',
      count: 1,
      personality: () => slow(8),
      limit: 'mx 4',
      hosts: 2,
      addresses: 2,
      domains: 60,
    },
    paced: {
      manner: 'wants 30 a second',
      count: 1,
      personality: () => normal,
      limit: '30/sec',
      share: 0.6,
      domains: 2,
    },
    tarpit: { manner: 'tarpits', count: 1, personality: () => tarpit(1, 40) },
    restarting: { manner: '421 now and then', count: 1, personality: () => shutsDownAt('mail', 3) },
    slow: { manner: 'slow', count: 4, personality: () => slow(15) },
    greylisting: { manner: 'greylists', count: 4, personality: () => greylist(1_000) },
    plain: { manner: '', count: 19, personality: () => normal },
  };
  const port = await freePort();
  const hostOf = new Map<string, string>();
  const kindOf = new Map<string, string>();
  const census = new Census({
    connection: ({ ip }) => ['all', `ip ${ip}`, `mx ${hostOf.get(ip)}`],
    transaction(_, sender, recipients) {
      const domains = [...new Set(recipients.map((each) => each.slice(each.indexOf('@') + 1)))];
      const groups = new Set(domains.map((domain) => `kind ${kindOf.get(domain)}`));
      return [
        ...domains.map((domain) => `domain ${domain}`),
        ...groups,
        `tenant ${options.tenantOf(sender)}`,
      ];
    },
  });
  const zone: Record<string, ZoneName> = {};
  const providers: Provider[] = [];
  let customers = 0;
  for (const [kind, each] of Object.entries(kinds)) {
    const { manner, limit = '', share = 1, hosts = 1, addresses = 1 } = each;
    for (let i = 0; i < each.count; i++) {
      const number = providers.length;
      const name = `${kind}${each.count > 1 ? i + 1 : ''}.test`;
      const exchangers: Mx[] = [];
      const mx: { preference: number; exchange: string }[] = [];
      for (let k = 0; k < hosts; k++) {
        const exchange = `mx${k + 1}.${name}`;
        const ips = Array.from({ length: addresses }, (_, a) => `127.1.${number}.${k * addresses + a + 1}`);
        for (const ip of ips) hostOf.set(ip, exchange);
        zone[exchange] = { a: ips };
        mx.push({ preference: 10, exchange });
        const personality = each.personality();
        for (const address of ips) {
          const onMessage = (message: MxMessage): void => options.onMessage(number, message);
          exchangers.push(await startMx({ address, port, personality, census, onMessage }));
        }
      }
      const domains = Array.from({ length: each.domains ?? 6 }, () => `customer${++customers}.test`);
      for (const domain of domains) {
        zone[domain] = { mx };
        kindOf.set(domain, kind);
      }
      providers.push({ name, kind, manner, limit, share, domains, exchangers });
    }
  }
  const dns = await startDnsServer({ zone });
  return {
    providers,
    census,
    dns,
    port,
    bans: () => bans,
    async close() {
      await Promise.all([dns.close(), ...providers.flatMap((one) => one.exchangers.map((mx) => mx.close()))]);
    },
  };
}

/** Domains of all providers of a kind. */
export function domainsOf(providers: readonly Provider[], kind: string): string[] {
  return providers.filter((one) => one.kind === kind).flatMap((one) => one.domains);
}

/** Sums up a number of each exchanger's tally. */
export function sumOf({ exchangers }: Provider, of: (mx: Mx) => number): number {
  return exchangers.reduce((all, mx) => all + of(mx), 0);
}
