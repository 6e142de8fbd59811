// The demo's simulated neighbourhood: a few dozen mail exchangers on addresses of 127.0.0.0/8, each with the mail
// of several domains, and a DNS server that knows them. Some are slow, some greylist, one bans.

import { startDnsServer, type DnsServer, type Zone, type ZoneName } from '../dns/dns-server.ts';
import { startMx, type Mx } from '../mx/mx.ts';
import { ban, greylist, normal, shutsDownAt, slow, tarpit, type Personality } from '../mx/personality.ts';
import { freePort } from '../neighbours/ground.ts';

/** What every destination is limited to; the one that bans does so beyond it. */
export const connectionLimit = 5;

export interface Destination extends Mx {
  readonly name: string;
  /** In a few words, how it behaves. */
  readonly manner: string;
  readonly domains: readonly string[];
}

export interface Neighbourhood {
  readonly destinations: readonly Destination[];
  readonly dns: DnsServer;
  /** The port that every exchanger listens on. */
  readonly port: number;
  /** How often the one that bans has banned. */
  bans(): number;
  close(): Promise<void>;
}

const exchangers = 36;
const domainsEach = 6;

export async function startNeighbourhood(): Promise<Neighbourhood> {
  let bans = 0;
  const manners: readonly (readonly [string, () => Personality])[] = [
    ['bans above 5', () => ban(connectionLimit, 60_000, () => bans++)],
    ['tarpits', () => tarpit(1, 40)],
    ['421 now and then', () => shutsDownAt('mail', 3)],
    ...Array.from({ length: 4 }, () => ['slow', () => slow(15)] as const),
    ...Array.from({ length: 4 }, () => ['greylists', () => greylist(1_000)] as const),
  ];
  const port = await freePort();
  const zone: Record<string, ZoneName> = {};
  const destinations: Destination[] = [];
  for (let i = 0; i < exchangers; i++) {
    const [manner, personality] = manners[i] ?? ['', () => normal];
    const address = `127.1.0.${i + 1}`;
    const name = `mx.provider${i + 1}.test`;
    const domains = Array.from({ length: domainsEach }, (_, k) => `customer${i * domainsEach + k + 1}.test`);
    zone[name] = { a: [address] };
    for (const domain of domains) zone[domain] = { mx: [{ preference: 10, exchange: name }] };
    const mx = await startMx({ address, port, personality: personality() });
    destinations.push({ ...mx, name, manner, domains });
  }
  const dns = await startDnsServer({ zone: zone satisfies Zone });
  return {
    destinations,
    dns,
    port,
    bans: () => bans,
    async close() {
      await Promise.all([dns.close(), ...destinations.map((one) => one.close())]);
    },
  };
}
