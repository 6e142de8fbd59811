// Limits made from a seed: any keys, any matches on names of an internet, any quantities, some of them overrides.

import {
  limitKeys,
  type LimitKey,
  type LimitMatch,
  type LimitRule,
} from '../../src/schedule/limits/types.ts';
import type { DomainPattern } from '../../src/values/domain.ts';
import { parseNetwork, type Network } from '../../src/values/network.ts';
import type { Rate } from '../../src/values/rate.ts';
import type { Random } from '../../src/schedule/store/random.ts';
import { pick } from './some-internet.ts';

/** A world has one queue; test/schedule/limits compares limits by queue with the reference. */
const countedKeys = limitKeys.filter((key) => key !== 'queue');

/** The names and addresses that limits can match. */
export interface Surroundings {
  readonly domains: readonly string[];
  readonly sites: readonly string[];
  readonly hosts: readonly string[];
  readonly ips: readonly string[];
  readonly sources: readonly string[];
  readonly tenants: readonly string[];
}

export function someLimits(random: Random, around: Surroundings): LimitRule[] {
  const rules = Array.from({ length: random.below(8) }, (_, index) => someLimit(random, around, index));
  // Most configurations have the usual defaults, too.
  for (const key of ['domain', 'site', 'ip'] as const) {
    if (random.next() < 0.3) continue;
    rules.push({ ...blank(`every ${key}`), per: [key], connections: 1 + random.below(10) });
  }
  return rules;
}

function blank(id: string): LimitRule {
  return { id, name: '', origin: `made up: ${id}`, per: [], match: {}, isOverride: false };
}

function someLimit(random: Random, around: Surroundings, index: number): LimitRule {
  const chosen = new Set<LimitKey>();
  const keys = random.below(3);
  while (chosen.size < keys) chosen.add(pick(random, countedKeys));
  return {
    ...blank(`limit ${index}`),
    per: limitKeys.filter((key) => chosen.has(key)),
    match: someMatch(random, around),
    isOverride: random.next() < 0.15,
    ...someQuantities(random),
  };
}

function someQuantities(random: Random): Partial<LimitRule> {
  const quantities: Partial<LimitRule> = {
    ...(random.next() < 0.5 && { connections: random.next() < 0.05 ? 0 : 1 + random.below(5) }),
    ...(random.next() < 0.15 && { connectionRate: someRate(random) }),
    ...(random.next() < 0.2 && { messageRate: someRate(random) }),
    ...(random.next() < 0.15 && { recipientRate: someRate(random) }),
    ...(random.next() < 0.1 && { messagesPerConnection: 1 + random.below(5) }),
    ...(random.next() < 0.1 && { recipientsPerMessage: 1 + random.below(5) }),
  };
  return Object.keys(quantities).length > 0 ? quantities : { connections: 1 + random.below(5) };
}

function someRate(random: Random): Rate {
  const perMs = pick(random, [1_000, 60_000, 3_600_000]);
  return { count: 1 + random.below(perMs === 1_000 ? 5 : 200), perMs };
}

function someMatch(random: Random, around: Surroundings): LimitMatch {
  const some = <Item>(chance: number, make: () => Item): readonly Item[] | undefined =>
    random.next() < chance ? Array.from({ length: 1 + random.below(3) }, make) : undefined;
  return {
    domain: some(0.35, () => somePattern(random, pick(random, around.domains))),
    site: some(0.1, () => pick(random, around.sites)),
    mx: some(0.25, () => somePattern(random, pick(random, around.hosts))),
    ip: some(0.25, () => someNetwork(random, pick(random, around.ips))),
    source: some(0.15, () => someNetwork(random, pick(random, around.sources) || '192.0.2.1')),
    tenant: some(0.2, () => pick(random, around.tenants)),
  };
}

/** A pattern for the name itself, or for everything below one of its parent domains. */
function somePattern(random: Random, name: string): DomainPattern {
  const labels = name.split('.');
  const from = random.below(labels.length);
  if (from === 0) return { kind: 'exact', domain: name };
  return { kind: 'suffix', domain: labels.slice(from).join('.') };
}

function someNetwork(random: Random, ip: string): Network {
  const bits = ip.includes(':') ? 128 : 32;
  const prefix = random.next() < 0.3 ? bits : random.below(bits + 1);
  try {
    return parseNetwork(`${ip}/${prefix}`);
  } catch (error) {
    // The address has bits set behind the prefix, and the error's message names the network.
    return parseNetwork(/did you mean "([^"]*)"/u.exec(String(error))?.[1] ?? ip);
  }
}
