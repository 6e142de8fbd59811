// The limits of a simulated world, as a configuration has them: per key or for a group, with matches or without, on
// connections and on rates. Numbers are small, so that a small world reaches them.

import type { LimitConfig } from '../../src/config/config.ts';
import type { Random } from '../../src/schedule/store/random.ts';
import type { DomainPattern } from '../../src/values/domain.ts';
import { type Network, parseNetwork } from '../../src/values/network.ts';
import type { Rate } from '../../src/values/rate.ts';
import { pick } from '../world/some-internet.ts';

/** What the limits of a world can name. */
export interface Nameable {
  readonly domains: readonly string[];
  readonly hosts: readonly { readonly name: string; readonly ip: string }[];
  /** Own addresses; empty: the system chooses. */
  readonly sources: readonly string[];
  readonly tenants: readonly string[];
}

type Keys = LimitConfig['per'];
type Match = Pick<LimitConfig, 'domain' | 'mx' | 'ip' | 'source' | 'tenant'>;

const origin = 'the simulation';

export function someLimits(random: Random, names: Nameable): LimitConfig[] {
  const limits: LimitConfig[] = [];
  const add = (chance: number, name: string, per: Keys, match: Match = {}): void => {
    if (random.next() < chance) {
      limits.push({ name, per, ...match, ...someQuantities(random), origin });
    }
  };
  for (const per of ['ip', 'site', 'domain', 'mx'] as const) add(0.4, `each ${per}`, [per]);
  add(0.2, 'each network', ['network']);
  add(0.3, 'one domain', ['domain'], { domain: [exactly(pick(random, names.domains))] });
  add(0.2, 'some domains', [], {
    domain: [somePattern(random, names.domains), somePattern(random, names.domains)],
  });
  add(0.15, 'some hosts', [], { mx: [somePattern(random, hostNames(names))] });
  add(0.15, 'some addresses', [], { ip: [someNetwork(random, pick(random, names.hosts).ip)] });
  if (names.tenants.length > 0) addOfTenants(random, names, add);
  if (names.sources.length > 0) addOfSources(random, names, add);
  return limits;
}

type Add = (chance: number, name: string, per: Keys, match?: Match) => void;

function addOfTenants(random: Random, { tenants }: Nameable, add: Add): void {
  add(0.4, 'each tenant', ['tenant']);
  add(0.2, 'each domain and tenant', ['domain', 'tenant']);
  add(0.2, 'each ip and tenant', ['ip', 'tenant']);
  add(0.3, 'one tenant', ['tenant'], { tenant: [pick(random, tenants)] });
  add(0.3, 'some tenants', [], { tenant: [pick(random, tenants), ''] });
  add(0.2, 'each domain of a tenant', ['domain'], { tenant: [pick(random, tenants)] });
}

function addOfSources(random: Random, { sources }: Nameable, add: Add): void {
  const match = { source: [parseNetwork(pick(random, sources))] };
  add(0.3, 'each source', ['source']);
  add(0.3, 'each site and source', ['site', 'source']);
  add(0.3, 'one source', ['source'], match);
  add(0.2, 'each ip from one source', ['ip'], match);
}

/** Connections, rates, or both. */
export function someQuantities(random: Random): Partial<LimitConfig> {
  const connections = { connections: 1 + random.below(4) };
  if (random.next() < 0.7) return connections;
  return {
    ...(random.next() < 0.4 && connections),
    ...pick(random, [
      { messageRate: someRate(random) },
      { recipientRate: someRate(random) },
      // Up to two or three at once.
      { recipientRate: { count: 40 + random.below(30), perMs: 60_000 } },
      { connectionRate: someRate(random) },
      { messageRate: someRate(random), recipientRate: someRate(random) },
    ]),
  };
}

function someRate(random: Random): Rate {
  return pick(random, [
    { count: 1 + random.below(4), perMs: 1_000 },
    { count: 4 + random.below(40), perMs: 60_000 },
    // Several may go at once.
    { count: 300 + random.below(900), perMs: 60_000 },
  ]);
}

function hostNames({ hosts }: Nameable): readonly string[] {
  return hosts.map(({ name }) => name);
}

function exactly(domain: string): DomainPattern {
  return { kind: 'exact', domain };
}

/** One of the names, or all that end as it does. */
function somePattern(random: Random, names: readonly string[]): DomainPattern {
  const name = pick(random, names);
  if (random.next() < 0.5) return exactly(name);
  return { kind: 'suffix', domain: name.slice(name.indexOf('.') + 1) };
}

/** A network of 2, 8 or 256 addresses with this one in it. */
export function someNetwork(random: Random, ip: string): Network {
  const [bits = 0, prefix] = pick(random, [
    [1, 31],
    [3, 29],
    [8, 24],
  ]);
  const dot = ip.lastIndexOf('.');
  const last = Number(ip.slice(dot + 1));
  return parseNetwork(`${ip.slice(0, dot)}.${(last >> bits) << bits}/${prefix}`);
}
