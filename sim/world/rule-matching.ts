// Finds the limits that hold for a transaction at a place in the slow and plain way: it compares every rule, as
// src/schedule/limits/types.ts defines it. Shares nothing with the scheduler's own index, so that it can judge it.

import ipaddr from 'ipaddr.js';
import type { DomainPattern } from '../../src/values/domain.ts';
import type { Network } from '../../src/values/network.ts';
import {
  limitKeys,
  type LimitKey,
  type LimitMatch,
  type LimitRule,
  type PlaceFacts,
  type TaskFacts,
} from '../../src/schedule/limits/types.ts';
import { defaultQueue } from '../../src/values/queue-name.ts';

export type Facts = TaskFacts & PlaceFacts;
export type SetQuantity =
  | 'connections'
  | 'connectionRate'
  | 'messageRate'
  | 'recipientRate'
  | 'messagesPerConnection'
  | 'recipientsPerMessage';

export interface Holding {
  readonly rule: LimitRule;
  /** The rule's id and the values that it counts per. */
  readonly key: string;
}

const kinds = ['domain', 'site', 'mx', 'ip', 'source', 'tenant', 'queue'] as const;

/** The limits of one quantity that hold for these facts. */
export function holding(rules: readonly LimitRule[], quantity: SetQuantity, facts: Facts): Holding[] {
  const matching = rules
    .filter((rule) => rule[quantity] !== undefined)
    // What has no IP address is not counted by one.
    .filter(({ per }) => facts.ip !== '' || (!per.includes('ip') && !per.includes('network')))
    .map((rule) => ({ rule, match: specificity(rule.match, facts) }))
    .filter((each) => each.match !== undefined)
    .map(({ rule, match }) => ({ rule, match: match! }));
  const inForce = matching.filter(
    (each) =>
      !matching.some((other) => dimensionOf(other.rule) === dimensionOf(each.rule) && replaces(other, each)),
  );
  return inForce.map(({ rule }) => ({
    rule,
    key: `${rule.id}: ${rule.per.map((key) => valueOf(key, facts)).join(' ')}`,
  }));
}

function dimensionOf({ per, match }: LimitRule): string {
  const keys: readonly string[] = per.length > 0 ? per : kinds.filter((kind) => match[kind] !== undefined);
  return limitKeys.filter((key) => keys.includes(key)).join(' ');
}

interface Matching {
  readonly rule: LimitRule;
  readonly match: readonly number[];
}

function replaces(one: Matching, other: Matching): boolean {
  if (one.rule.isOverride !== other.rule.isOverride) return one.rule.isOverride;
  const isLess = one.match.some((value, at) => value < other.match[at]!);
  const isMore = one.match.some((value, at) => value > other.match[at]!);
  return isMore && !isLess;
}

/** How specific the match is in each kind, 0 where the rule does not name the kind; undefined when it does not match. */
function specificity(match: LimitMatch, facts: Facts): number[] | undefined {
  const each = [
    best(match.domain, (pattern) => nameSpecificity(pattern, facts.domain)),
    best(match.site, (site) => (site === facts.site ? 1 : 0)),
    best(match.mx, (pattern) => nameSpecificity(pattern, facts.mx)),
    best(match.ip, (network) => networkSpecificity(network, facts.ip)),
    best(match.source, (network) => networkSpecificity(network, facts.source)),
    best(match.tenant, (tenant) => (tenant === facts.tenant ? 1 : 0)),
    best(match.queue, (queue) => (queue === (facts.queue ?? defaultQueue) ? 1 : 0)),
  ];
  return each.includes(-1) ? undefined : each;
}

/** The highest specificity in the list; 0 without a list, -1 when nothing in the list matches. */
function best<Item>(list: readonly Item[] | undefined, specificityOf: (item: Item) => number): number {
  if (list === undefined) return 0;
  return Math.max(0, ...list.map(specificityOf)) || -1;
}

function nameSpecificity({ kind, domain }: DomainPattern, name: string): number {
  if (kind === 'exact') return name === domain ? 10_000 : 0;
  return name.endsWith(`.${domain}`) && !name.startsWith('[') ? domain.length : 0;
}

/** The prefix length + 1, so that a match of /0 is more than 0. */
function networkSpecificity({ address, prefix }: Network, ip: string): number {
  if (ip === '') return 0;
  const [parsed, network] = [ipaddr.parse(ip), ipaddr.parse(address)];
  return parsed.kind() === network.kind() && parsed.match([network, prefix] as never) ? prefix + 1 : 0;
}

function valueOf(key: LimitKey, facts: Facts): string {
  return key === 'network' ? networkOf(facts.ip) : (facts[key] ?? defaultQueue);
}

/** The /24 of IPv4, the /64 of IPv6. */
function networkOf(ip: string): string {
  if (!ip.includes(':')) return `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`;
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${ip}/64`).toRFC5952String()}/64`;
}
