// Which limits hold for a connection and its transaction, and for which key of each: by `holding`, which shares nothing with
// the scheduler. What was found once for the same limits, place and message is kept.

import type { LimitRule } from '../../src/schedule/limits/types.ts';
import { holding, type Facts, type SetQuantity } from '../world/rule-matching.ts';

/** Where a connection goes. */
export type VisitPlace = Omit<Facts, 'domain' | 'tenant' | 'queue'>;

/** What limits look at in the transaction in hand. */
export interface VisitTransaction {
  /** Recipient domains. */
  readonly domains: readonly string[];
  /** Undefined: nobody outside knows it, as of a report. */
  readonly tenant: string | undefined;
}

/** The rules by what their dimension looks at: the place alone, also the domain, also the tenant. */
interface Sorted {
  readonly ofPlace: readonly LimitRule[];
  readonly ofDomain: readonly LimitRule[];
  readonly ofTenant: readonly LimitRule[];
  readonly known: Map<string, readonly KeyOfRule[]>;
}

type KeyOfRule = readonly [key: string, rule: LimitRule];

const sortedRules = new WeakMap<readonly LimitRule[], Sorted>();

/** The limits of one quantity that hold, by their keys. An idle connection (no domains) counts for those of its place alone. */
export function keysOf(
  rules: readonly LimitRule[],
  quantity: SetQuantity,
  place: VisitPlace,
  { domains, tenant }: VisitTransaction,
): Map<string, LimitRule> {
  const sorted = sortedOf(rules);
  const keys = new Map(found(sorted, 'ofPlace', quantity, { ...place, domain: '', tenant: '' }));
  for (const domain of domains) {
    for (const [key, rule] of found(sorted, 'ofDomain', quantity, { ...place, domain, tenant: '' })) {
      keys.set(key, rule);
    }
    if (tenant === undefined) continue;
    for (const [key, rule] of found(sorted, 'ofTenant', quantity, { ...place, domain, tenant })) {
      keys.set(key, rule);
    }
  }
  return keys;
}

function found(
  sorted: Sorted,
  part: 'ofPlace' | 'ofDomain' | 'ofTenant',
  quantity: SetQuantity,
  facts: Facts,
): readonly KeyOfRule[] {
  if (sorted[part].length === 0) return [];
  const { domain, ip, mx, site, source, tenant } = facts;
  const name = [part, quantity, domain, tenant, site, mx, ip, source].join(' ');
  let known = sorted.known.get(name);
  if (known === undefined) {
    known = holding(sorted[part], quantity, facts).map(({ key, rule }) => [key, rule] as const);
    sorted.known.set(name, known);
  }
  return known;
}

/** Limits replace each other within a dimension: what they count per, or what a group matches by. */
function sortedOf(rules: readonly LimitRule[]): Sorted {
  let sorted = sortedRules.get(rules);
  if (sorted !== undefined) return sorted;
  const parts = { ofPlace: [] as LimitRule[], ofDomain: [] as LimitRule[], ofTenant: [] as LimitRule[] };
  const dimensions = Map.groupBy(rules, (rule) =>
    (rule.per.length > 0 ? [...rule.per] : namedBy(rule)).toSorted().join(' '),
  );
  for (const dimension of dimensions.values()) {
    const looksAt = new Set<string>(dimension.flatMap((rule) => [...rule.per, ...namedBy(rule)]));
    const part = looksAt.has('tenant') ? 'ofTenant' : looksAt.has('domain') ? 'ofDomain' : 'ofPlace';
    parts[part].push(...dimension);
  }
  sorted = { ...parts, known: new Map() };
  sortedRules.set(rules, sorted);
  return sorted;
}

function namedBy({ match }: LimitRule): string[] {
  return Object.entries(match).flatMap(([kind, named]) => (named === undefined ? [] : [kind]));
}
