// A simulated internet: hosts by address, and a DNS that says where the mail of a domain goes, if it is there. Several
// domains may share a site, and several sites an address: many MX names, few machines behind them.

import type { ErrorPlan, NextHopAddress, RelayPlan, RoutePlan } from '../route/types.ts';
import type { Random } from '../schedule/random.ts';
import { Host, type HostOptions } from './host.ts';
import { broken } from './simulation-error.ts';
import type { Network } from './simulation.ts';

/** Where mail of a domain goes while the DNS says so. */
export interface Site {
  /** `RelayPlan.site`. */
  readonly name: string;
  /** Of its MX hosts, for people. */
  readonly label: string;
  /** Sorted by preference. */
  readonly addresses: readonly NextHopAddress[];
}

/** What the DNS says about a domain. */
export interface Zone {
  /** At this time (Unix ms); undefined: its MX is null (RFC 7505). */
  at(nowMs: number): Site | undefined;
  readonly ttlMs: number;
  /** Chance that a look-up fails, in [0, 1]. */
  readonly fails: number;
}

/** A zone that never changes and always answers. */
export function steady(site: Site, ttlMs = 3_600_000): Zone {
  return { at: () => site, ttlMs, fails: 0 };
}

const nullMx: ErrorPlan = {
  kind: 'error',
  permanent: true,
  replyCode: 556,
  enhancedStatus: '5.1.10',
  text: 'The domain does not accept mail (null MX)',
};
const dnsFailure: ErrorPlan = {
  kind: 'error',
  permanent: false,
  replyCode: 451,
  enhancedStatus: '4.4.3',
  text: 'The MX records could not be looked up: DNS server failure',
};
/** A failed look-up is believed for as long. */
const failureTtlMs = 10_000;
const staticTtlMs = 3_600_000;

export class Internet implements Network {
  readonly #hosts = new Map<string, Host>();
  readonly #zones = new Map<string, Zone>();
  /** By the route key's part before the domain, e.g. `relay#smart`. */
  readonly #rules = new Map<string, RelayPlan | ErrorPlan>();
  readonly #random: Random;
  readonly #unknown: (domain: string) => Zone | undefined;

  /** @param unknown makes the zone of a domain that is asked for the first time; undefined: there is no such domain */
  constructor(random: Random, unknown: (domain: string) => Zone | undefined = () => undefined) {
    this.#random = random;
    this.#unknown = unknown;
  }

  get domains(): string[] {
    return [...this.#zones.keys()];
  }

  get hosts(): IterableIterator<Host> {
    return this.#hosts.values();
  }

  addHost(ip: string, options: Partial<HostOptions> = {}): Host {
    const host = new Host({ latencyMs: 50, bytesPerMs: 1_000, traits: [], ...options });
    this.#hosts.set(ip, host);
    return host;
  }

  addDomain(domain: string, zone: Zone): void {
    this.#zones.set(domain, zone);
  }

  /** The plan of all routes of a rule of the routing table. */
  addRule(key: string, plan: RelayPlan | ErrorPlan): void {
    this.#rules.set(key, plan);
  }

  host(ip: string): Host | undefined {
    return this.#hosts.get(ip);
  }

  planDelayMs(): number {
    return this.#random.below(this.#random.next() < 0.05 ? 2_000 : 50);
  }

  plan(route: string, nowMs: number): RoutePlan {
    const colon = route.indexOf(':');
    const rule = route.slice(0, colon);
    if (rule !== 'mx') {
      const plan = this.#rules.get(rule) ?? broken(`route ${route} is of no rule`);
      return { ...plan, validUntilMs: nowMs + staticTtlMs };
    }
    const zone = this.#zoneOf(route.slice(colon + 1));
    if (zone.fails > 0 && this.#random.next() < zone.fails)
      return { ...dnsFailure, validUntilMs: nowMs + this.#random.below(failureTtlMs) };
    const site = zone.at(nowMs);
    const validUntilMs = nowMs + zone.ttlMs;
    if (site === undefined) return { ...nullMx, validUntilMs };
    const { name, label, addresses } = site;
    return { kind: 'relay', site: name, label, addresses, validUntilMs };
  }

  #zoneOf(domain: string): Zone {
    let zone = this.#zones.get(domain);
    if (zone === undefined) {
      zone = this.#unknown(domain) ?? broken(`a look-up of ${domain}, which is no domain`);
      this.#zones.set(domain, zone);
    }
    return zone;
  }
}
