// A simulated internet for the scheduler: domains, the sites that host them, their addresses, and a DNS that is not
// always there.

import type { NextHopAddress, RoutePlan } from '../../src/route/types.ts';
import type { Random } from '../../src/schedule/random.ts';
import { Destination, friendly, type Personality } from './destination.ts';

export interface Site {
  readonly name: string;
  /** Sorted by preference. */
  readonly addresses: readonly NextHopAddress[];
}

/** What DNS says about a domain. */
export interface Zone {
  readonly site: Site;
  /** The site it moves to at `movesAtMs`. */
  readonly next: Site;
  readonly movesAtMs: number;
  readonly ttlMs: number;
  /** Chance that a look-up fails. */
  readonly flaps: number;
  /** Its MX is null (RFC 7505). */
  readonly isNull: boolean;
}

export class Internet {
  readonly destinations = new Map<string, Destination>();
  readonly #zones = new Map<string, Zone>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get domains(): string[] {
    return [...this.#zones.keys()];
  }

  addHost(ip: string, personality: Personality = friendly): void {
    this.destinations.set(ip, new Destination(personality, this.#random));
  }

  addDomain(domain: string, site: Site, change: Partial<Zone> = {}): void {
    this.#zones.set(domain, {
      site,
      next: site,
      movesAtMs: Infinity,
      ttlMs: 3_600_000,
      flaps: 0,
      isNull: false,
      ...change,
    });
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
