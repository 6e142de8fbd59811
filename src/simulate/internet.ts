// A simulated internet: hosts by address, and a DNS that says where the mail of a domain goes, if it is there. Several
// domains may share a site, and several sites an address: many MX names, few machines behind them.

import { isToMx } from '../route/plan-key.ts';
import { inOrderOfPreference } from '../route/site.ts';
import type { ErrorPlan, NextHopAddress, RelayPlan, RoutePlan } from '../route/types.ts';
import type { Random } from '../schedule/store/random.ts';
import { Host, type HostOptions } from './host.ts';
import { broken } from './simulation-error.ts';
import type { Network } from './network.ts';

/** Where the MX records of a domain lead. */
export interface Site {
  /** `RelayPlan.site`. */
  readonly name: string;
  /** Its MX hosts as text, for people. */
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

/** Makes zones and plans when they are asked for the first time; undefined: there is nothing of this name. */
export interface ZoneMaker {
  zone(domain: string): Zone | undefined;
  /** `rule`: a route key's part before the domain (`planKey`). */
  rulePlan(rule: string): RelayPlan | ErrorPlan | undefined;
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
/** How long the failure of a look-up is kept. */
const failureTtlMs = 10_000;
const staticTtlMs = 3_600_000;

export class Internet implements Network {
  readonly #hosts = new Map<string, Host>();
  readonly #zones = new Map<string, Zone>();
  /** By the route key's part before the domain (`planKey`). */
  readonly #rulePlans = new Map<string, RelayPlan | ErrorPlan>();
  readonly #random: Random;
  readonly #maker: ZoneMaker | undefined;

  /** @param maker - is asked for zones and plans that were not added before; without one there are no others */
  constructor(random: Random, maker?: ZoneMaker) {
    this.#random = random;
    this.#maker = maker;
  }

  get domains(): string[] {
    return [...this.#zones.keys()];
  }

  addHost(address: string, options: Partial<HostOptions> = {}): Host {
    const host = new Host({
      latencyMs: 50,
      bytesPerMs: 1_000,
      traits: [],
      offers: ['PIPELINING'],
      ...options,
    });
    this.#hosts.set(address, host);
    return host;
  }

  addDomain(domain: string, zone: Zone): void {
    this.#zones.set(domain, zone);
  }

  host(address: string): Host | undefined {
    return this.#hosts.get(address);
  }

  planDelayMs(): number {
    return this.#random.below(this.#random.next() < 0.05 ? 2_000 : 50);
  }

  plan(route: string, nowMs: number): RoutePlan {
    const colon = route.indexOf(':');
    const rule = route.slice(0, colon);
    if (!isToMx(route)) {
      return { ...this.#shuffled(this.#rulePlan(rule)), validUntilMs: nowMs + staticTtlMs };
    }
    const zone = this.#zoneOf(route.slice(colon + 1));
    if (zone.fails > 0 && this.#random.next() < zone.fails)
      return { ...dnsFailure, validUntilMs: nowMs + this.#random.below(failureTtlMs) };
    const site = zone.at(nowMs);
    const validUntilMs = nowMs + zone.ttlMs;
    if (site === undefined) return { ...nullMx, validUntilMs };
    const { name, label, addresses } = site;
    return { ...this.#shuffled({ kind: 'relay', site: name, label, addresses }), validUntilMs };
  }

  /** RFC 5321 5.1: addresses of equal preference in random order. */
  #shuffled(plan: RelayPlan | ErrorPlan): RelayPlan | ErrorPlan {
    if (plan.kind === 'error' || plan.addresses.length === 1) return plan;
    return { ...plan, addresses: inOrderOfPreference([...plan.addresses], () => this.#random.next()) };
  }

  #rulePlan(rule: string): RelayPlan | ErrorPlan {
    let plan = this.#rulePlans.get(rule);
    if (plan === undefined) {
      plan = this.#maker?.rulePlan(rule) ?? broken(`a route of ${rule}, which is no rule`);
      this.#rulePlans.set(rule, plan);
    }
    return plan;
  }

  #zoneOf(domain: string): Zone {
    let zone = this.#zones.get(domain);
    if (zone === undefined) {
      zone = this.#maker?.zone(domain) ?? broken(`a look-up of ${domain}, which is no domain`);
      this.#zones.set(domain, zone);
    }
    return zone;
  }
}
