// The rules of precedence as docs/limits.md describes them, in the plainest and slowest form: every question compares every
// rule. Tests compare the index with it.

import ipaddr from 'ipaddr.js';
import type { DomainPattern } from '../../../src/values/domain.ts';
import type { Network } from '../../../src/values/network.ts';
import {
  unlimited,
  type AppliedLimit,
  type AppliedLimits,
  type LimitRule,
  type PlaceFacts,
  type TaskFacts,
} from '../../../src/schedule/limits/types.ts';
import { defaultQueue } from '../../../src/values/queue-name.ts';

type Facts = TaskFacts & PlaceFacts;
type Specificity = Readonly<Record<string, number>>;

/** Limits of all dimensions that belong to `scope`. */
export function limitsInForce(
  rules: readonly LimitRule[],
  scope: 'task' | 'place' | 'both',
  facts: Facts,
): AppliedLimits {
  const groups = Object.groupBy(rules, dimensionOf);
  const dimensions = Object.values(groups).filter((dimension) => scopeOf(dimension!) === scope);
  const of = (quantity: keyof AppliedLimits & keyof LimitRule): LimitRule[] =>
    dimensions.flatMap((dimension) => {
      const matching = dimension!.filter(
        (rule) =>
          rule[quantity] !== undefined &&
          isCountable(rule, facts) &&
          specificityOf(rule, facts) !== undefined,
      );
      const overrides = matching.filter((rule) => rule.isOverride);
      return notReplaced(overrides.length > 0 ? overrides : matching, facts);
    });
  const smallest = (quantity: 'messagesPerConnection' | 'recipientsPerMessage'): number =>
    Math.min(unlimited, ...of(quantity).map((rule) => rule[quantity]!));
  const applied = (rule: LimitRule): AppliedLimit => ({ rule, key: keyOf(rule, facts) });
  return {
    connections: of('connections').map(applied),
    connectionRate: of('connectionRate').map(applied),
    messageRate: of('messageRate').map(applied),
    recipientRate: of('recipientRate').map(applied),
    messagesPerConnection: smallest('messagesPerConnection'),
    recipientsPerMessage: smallest('recipientsPerMessage'),
  };
}

/** What has no IP address is not counted by one. */
function isCountable({ per }: LimitRule, { ip }: Facts): boolean {
  return ip !== '' || (!per.includes('ip') && !per.includes('network'));
}

function notReplaced(rules: readonly LimitRule[], facts: Facts): LimitRule[] {
  return rules.filter((rule) => !rules.some((other) => isMoreSpecific(other, rule, facts)));
}

function isMoreSpecific(one: LimitRule, other: LimitRule, facts: Facts): boolean {
  const a = specificityOf(one, facts)!;
  const b = specificityOf(other, facts)!;
  const kinds = Object.keys({ ...a, ...b });
  return (
    kinds.every((kind) => (a[kind] ?? 0) >= (b[kind] ?? 0)) &&
    kinds.some((kind) => (a[kind] ?? 0) > (b[kind] ?? 0))
  );
}

/** Undefined when the rule does not match. */
function specificityOf({ match }: LimitRule, facts: Facts): Specificity | undefined {
  const found: Record<string, number> = {};
  if (match.domain !== undefined) found['domain'] = best(match.domain, (item) => ofName(item, facts.domain));
  if (match.site !== undefined) found['site'] = match.site.includes(facts.site) ? 1 : 0;
  if (match.mx !== undefined) found['mx'] = best(match.mx, (item) => ofName(item, facts.mx));
  if (match.ip !== undefined) found['ip'] = best(match.ip, (item) => ofNetwork(item, facts.ip));
  if (match.source !== undefined)
    found['source'] = best(match.source, (item) => ofNetwork(item, facts.source));
  if (match.tenant !== undefined) found['tenant'] = match.tenant.includes(facts.tenant) ? 1 : 0;
  if (match.queue !== undefined) found['queue'] = match.queue.includes(facts.queue ?? defaultQueue) ? 1 : 0;
  return Object.values(found).includes(0) ? undefined : found;
}

function best<T>(items: readonly T[], specificity: (item: T) => number): number {
  return Math.max(0, ...items.map(specificity));
}

function ofName(pattern: DomainPattern, name: string): number {
  if (pattern.kind === 'exact') return name === pattern.domain ? 1_000 : 0;
  return !name.startsWith('[') && name.endsWith(`.${pattern.domain}`) ? pattern.domain.length : 0;
}

function ofNetwork({ address, prefix }: Network, ip: string): number {
  if (ip === '') return 0;
  const a = ipaddr.process(ip);
  const b = ipaddr.process(address);
  if (a.kind() !== b.kind()) return 0;
  const isMapped = b.kind() === 'ipv4' && address.includes(':');
  const bits = isMapped ? prefix - 96 : prefix;
  return a.match(b, bits) ? bits + 1 : 0;
}

function keyOf({ per }: LimitRule, facts: Facts): string {
  const network = (): string => {
    const ip = ipaddr.process(facts.ip);
    const first =
      ip.kind() === 'ipv4'
        ? ipaddr.IPv4.networkAddressFromCIDR(`${ip.toString()}/24`)
        : ipaddr.IPv6.networkAddressFromCIDR(`${ip.toString()}/64`);
    return `${first.toString()}/${ip.kind() === 'ipv4' ? 24 : 64}`;
  };
  return per
    .map((key) => {
      if (key === 'network') return network();
      return key === 'source' && facts.source === '' ? 'any' : (facts[key] ?? defaultQueue);
    })
    .join(' ');
}

function givenKinds(rule: LimitRule): string[] {
  return Object.entries(rule.match).flatMap(([kind, items]) => (items === undefined ? [] : [kind]));
}

function dimensionOf(rule: LimitRule): string {
  return (rule.per.length > 0 ? [...rule.per] : givenKinds(rule)).sort().join(' ');
}

function scopeOf(dimension: readonly LimitRule[]): 'task' | 'place' | 'both' {
  const facts = dimension.flatMap((rule) => [...rule.per, ...givenKinds(rule)]);
  if (facts.every((fact) => ['domain', 'tenant', 'queue'].includes(fact))) return 'task';
  return facts.every((fact) => ['site', 'mx', 'ip', 'network', 'source'].includes(fact)) ? 'place' : 'both';
}
