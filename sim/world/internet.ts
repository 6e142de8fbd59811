// A simulated internet for the scheduler: domains, the sites that host them, their addresses, and a DNS that is not
// always there. Made from a seed.

import type { NextHopAddress, RoutePlan } from '../../src/route/types.ts';
import type { Random } from '../../src/schedule/random.ts';
import { Destination, friendly, type Personality } from './destination.ts';

export interface InternetSize {
  readonly domains: number;
  readonly sites: number;
  readonly addresses: number;
  /** Part of the sites, in [0, 1], that are not friendly. */
  readonly trouble: number;
}

interface Site {
  readonly name: string;
  readonly addresses: readonly NextHopAddress[];
}

interface Zone {
  /** Site now, and the one it moves to when the clock passes `movesAtMs`. */
  readonly site: Site;
  readonly next: Site;
  readonly movesAtMs: number;
  readonly ttlMs: number;
  /** Chance that a look-up fails. */
  readonly flaps: number;
  readonly isNull: boolean;
}

export class Internet {
  readonly domains: string[] = [];
  readonly destinations = new Map<string, Destination>();
  readonly #zones = new Map<string, Zone>();
  readonly #random: Random;

  constructor(random: Random, size: InternetSize, startMs: number) {
    this.#random = random;
    const ips = Array.from({ length: size.addresses }, (_, index) => `10.${index >> 8}.${index & 255}.25`);
    for (const ip of ips) {
      const personality = random.next() < size.trouble ? this.#someTrouble(startMs) : friendly;
      this.destinations.set(ip, new Destination(personality, random));
    }
    const sites = Array.from({ length: size.sites }, (_, index): Site => {
      // Sites share addresses: many MX names, few machines behind them.
      const count = 1 + random.below(3);
      const chosen = new Set(Array.from({ length: count }, () => ips[random.below(ips.length)] ?? ''));
      const addresses = [...chosen]
        .map((ip) => ({
          ip,
          port: 25,
          host: `mx.site${index}.example`,
          preference: 10 * (1 + random.below(2)),
        }))
        .sort((left, right) => left.preference - right.preference);
      return { name: `site${index}`, addresses };
    });
    for (let index = 0; index < size.domains; index += 1) {
      const domain = `domain${index}.example`;
      const site = pick(random, sites);
      this.domains.push(domain);
      this.#zones.set(domain, {
        site,
        next: random.next() < 0.1 ? pick(random, sites) : site,
        movesAtMs: startMs + random.below(7_200_000),
        ttlMs: random.next() < 0.3 ? random.below(3_000) : 60_000 + random.below(3_600_000),
        flaps: random.next() < size.trouble ? 0.5 : 0,
        isNull: random.next() < size.trouble * 0.1,
      });
    }
  }

  /** What a look-up of the domain gives at this time. */
  lookUp(domain: string, nowMs: number): RoutePlan {
    const zone = this.#zones.get(domain)!;
    if (zone.isNull) return errorPlan(true, nowMs + zone.ttlMs);
    if (this.#random.next() < zone.flaps) return errorPlan(false, nowMs + this.#random.below(10_000));
    const { name, addresses } = nowMs < zone.movesAtMs ? zone.site : zone.next;
    return {
      kind: 'relay',
      site: name,
      label: addresses[0]!.host,
      addresses,
      validUntilMs: nowMs + zone.ttlMs,
    };
  }

  #someTrouble(startMs: number): Personality {
    const random = this.#random;
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
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)]!;
}

function errorPlan(permanent: boolean, validUntilMs: number): RoutePlan {
  return {
    kind: 'error',
    permanent,
    replyCode: permanent ? 556 : 451,
    enhancedStatus: permanent ? '5.1.10' : '4.4.3',
    text: permanent ? 'recipient domain has null MX' : 'DNS server failure',
    validUntilMs,
  };
}
