// The destinations of the shaping tests: more than two hundred addresses, with a kind of sites for each dimension of limits,
// and the names that a census counts them under. Everything is counted at the destinations, by what they see: their own
// address, the client's address, sender and recipients.

import { startDnsServer, type DnsServer, type ZoneName } from '../../sim/dns/dns-server.ts';
import { Census, type Sighting } from '../../sim/mx/census.ts';
import { plainExtensions, startMx, type Mx } from '../../sim/mx/mx.ts';
import { holdsUntil } from '../../sim/mx/personality.ts';
import { freePort, type Ground } from '../../sim/neighbours/ground.ts';

/** Some sites of one kind. */
export interface Kind {
  readonly name: string;
  readonly sites: number;
  /** MX hosts of each site, all of equal preference; 1. */
  readonly hosts?: number;
  /** Addresses of each host; 1. */
  readonly addresses?: number;
  /** Domains of each site; 1. */
  readonly domains?: number;
  /** All hosts of the kind have the same addresses. */
  readonly shared?: boolean;
}

interface Host {
  readonly name: string;
  readonly ips: readonly string[];
}

interface Site {
  readonly name: string;
  readonly hosts: readonly Host[];
  readonly domains: readonly string[];
}

export class ShapedInternet {
  readonly census: Census;
  readonly kinds: ReadonlyMap<string, readonly Site[]>;
  /** Lets all destinations answer messages; until then they hold their answers. */
  readonly open: () => void;
  readonly #opened = Promise.withResolvers<void>();
  readonly #hostOf = new Map<string, string>();
  readonly #siteOf = new Map<string, string>();
  readonly #mxs: Mx[] = [];
  readonly #isPipelined: boolean;
  #dns: DnsServer | undefined;
  #port = 0;
  #delivered = 0;
  #awaited = Infinity;
  readonly #everything = Promise.withResolvers<void>();

  /**
   * @param groups - names of domains that are counted together, and their domains
   * @param isPipelined - every other address offers CHUNKING as well
   */
  constructor(kinds: readonly Kind[], groups: ReadonlyMap<string, ReadonlySet<string>>, isPipelined = false) {
    this.#isPipelined = isPipelined;
    this.kinds = new Map(kinds.map((kind, i) => [kind.name, sitesOf(kind, i)]));
    this.open = () => this.#opened.resolve();
    for (const sites of this.kinds.values()) {
      for (const site of sites) {
        for (const host of site.hosts) {
          for (const ip of host.ips) {
            // Where hosts share an address, the destination cannot tell which of them was meant.
            this.#hostOf.set(ip, this.#hostOf.has(ip) ? '' : host.name);
            this.#siteOf.set(ip, this.#siteOf.has(ip) ? '' : site.name);
          }
        }
      }
    }
    this.census = new Census({
      connection: (sighting) => this.#namesOfConnection(sighting),
      transaction: (sighting, sender, recipients) =>
        this.#namesOfTransaction(sighting, sender, recipients, groups),
    });
  }

  async start(ground: Ground): Promise<void> {
    this.#port = await freePort();
    const zone: Record<string, ZoneName> = {};
    for (const site of [...this.kinds.values()].flat()) {
      for (const { name, ips } of site.hosts) zone[name] = { a: ips };
      const mx = site.hosts.map(({ name }) => ({ preference: 10, exchange: name }));
      for (const domain of site.domains) zone[domain] = { mx };
    }
    this.#dns = await startDnsServer({ zone });
    for (const address of this.#hostOf.keys()) {
      const personality = holdsUntil(this.#opened.promise, 20);
      const mx = await startMx({
        address,
        port: this.#port,
        personality,
        ...(this.#isPipelined &&
          this.#mxs.length % 2 === 0 && { extensions: [...plainExtensions, 'CHUNKING'] }),
        census: this.census,
        onMessage: ({ recipients }) => this.#took(recipients.length),
      });
      this.#mxs.push(mx);
    }
    ground.atEnd(async () => {
      await Promise.all([this.#dns?.close(), ...this.#mxs.map((mx) => mx.close())]);
    });
  }

  /** The settings that every configuration needs to reach these destinations. */
  get reach() {
    return { dns: { servers: [`${this.#dns?.address}:${this.#dns?.port}`] }, port: this.#port };
  }

  get addresses(): number {
    return this.#mxs.length;
  }

  domains(kind: string): string[] {
    return (this.kinds.get(kind) ?? []).flatMap((site) => site.domains);
  }

  deliveries(): number {
    return this.#mxs.reduce((all, { tally }) => all + tally.deliveries.size, 0);
  }

  /** Messages behind which the next one had come before they were answered. */
  get followed(): number {
    return this.#mxs.reduce((all, { tally }) => all + tally.followed, 0);
  }

  get duplicates(): number {
    return this.#mxs.reduce((all, { tally }) => all + tally.duplicates, 0);
  }

  /** Resolves once messages for this many recipients have arrived. */
  arrived(count: number): Promise<void> {
    this.#awaited = count;
    this.#took(0);
    return this.#everything.promise;
  }

  #took(recipients: number): void {
    this.#delivered += recipients;
    if (this.#delivered >= this.#awaited) this.#everything.resolve();
  }

  #namesOfConnection({ ip, client }: Sighting): string[] {
    const host = this.#hostOf.get(ip) ?? '';
    const site = this.#siteOf.get(ip) ?? '';
    const network = ip.slice(0, ip.lastIndexOf('.'));
    return [
      `ip ${ip}`,
      `network ${network}`,
      `source ${client}`,
      ...(host === '' ? [] : [`mx ${host}`, `source and mx ${client} ${host}`]),
      ...(site === '' ? [] : [`site ${site}`]),
    ];
  }

  #namesOfTransaction(
    { ip }: Sighting,
    sender: string,
    recipients: readonly string[],
    groups: ReadonlyMap<string, ReadonlySet<string>>,
  ): string[] {
    const domains = new Set(recipients.map((each) => each.slice(each.lastIndexOf('@') + 1)));
    const inGroups = [...groups].filter(([, members]) => !members.isDisjointFrom(domains));
    return [
      ...[...domains].map((domain) => `domain ${domain}`),
      ...inGroups.map(([name]) => `group ${name}`),
      `tenant ${sender.slice(sender.lastIndexOf('@') + 1)}`,
      `message to ${this.#hostOf.get(ip) ?? ''}`,
      `recipients ${recipients.length}`,
    ];
  }
}

function sitesOf(kind: Kind, number: number): Site[] {
  const { name, hosts = 1, addresses = 1, domains = 1, shared = false } = kind;
  let last = 0;
  const ipsOf = (): string[] => {
    if (shared) last = 0;
    return Array.from({ length: addresses }, () => `127.20.${number}.${++last}`);
  };
  return Array.from({ length: kind.sites }, (_, i) => ({
    name: `${name}${i}`,
    hosts: Array.from({ length: hosts }, (_each, k) => ({ name: `mx${k}.s${i}.${name}.test`, ips: ipsOf() })),
    domains: Array.from({ length: domains }, (_each, k) => `d${k}.s${i}.${name}.test`),
  }));
}
