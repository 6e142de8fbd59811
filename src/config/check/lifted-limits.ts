// Finds limits per key that a group replaces, since a group is more specific (docs/limits.md): then one key may use the whole
// budget of the group, which is probably not meant.

import { builtInLimits } from '../built-in-limits.ts';
import { type DomainPattern, includesPattern } from '../../values/domain.ts';
import { contains, type Network } from '../../values/network.ts';
import type { Rate } from '../../values/rate.ts';

type Count = number | 'unlimited';
type Item = DomainPattern | Network | string;

/** The parts of a [[limit]] that are compared. */
interface Limit {
  readonly origin: string;
  readonly per: readonly string[];
  readonly domain?: readonly DomainPattern[] | undefined;
  readonly mx?: readonly DomainPattern[] | undefined;
  readonly ip?: readonly Network[] | undefined;
  readonly source?: readonly Network[] | undefined;
  readonly tenant?: readonly string[] | undefined;
  readonly queue?: readonly string[] | undefined;
  readonly connections?: Count | undefined;
  readonly connectionRate?: Rate | undefined;
  readonly messageRate?: Rate | undefined;
  readonly recipientRate?: Rate | undefined;
}

const dimensions = ['domain', 'mx', 'ip', 'source', 'tenant', 'queue'] as const;
type Dimension = (typeof dimensions)[number];

const quantities = [
  ['connections', 'connections'],
  ['connectionRate', 'connection_rate'],
  ['messageRate', 'message_rate'],
  ['recipientRate', 'recipient_rate'],
] as const;
type Quantity = (typeof quantities)[number][0];

/** Longer lists are not compared, since that would take too long. */
const mostItems = 1_000;

/** One warning for each quantity of which a group replaces the limit per key. */
export function liftedLimitWarnings(
  group: Limit,
  all: readonly Limit[],
): { readonly key: string; readonly message: string }[] {
  if (group.per.length > 0) return [];
  const given = dimensions.filter((each) => group[each] !== undefined);
  const [dimension] = given;
  if (dimension === undefined || given.length > 1) return [];
  return quantities.flatMap(([quantity, key]) => {
    const message = liftedLimitMessage(group, dimension, quantity, all);
    return message === undefined ? [] : [{ key, message }];
  });
}

function liftedLimitMessage(
  group: Limit,
  dimension: Dimension,
  quantity: Quantity,
  all: readonly Limit[],
): string | undefined {
  const allowed = group[quantity];
  const items: readonly Item[] = group[dimension] ?? [];
  if (allowed === undefined || items.length > mostItems) return undefined;
  const perKey = all.filter(
    (each) =>
      each.per.length === 1 &&
      each.per[0] === dimension &&
      each[quantity] !== undefined &&
      (each[dimension]?.length ?? 0) <= mostItems &&
      dimensions.every((other) => other === dimension || each[other] === undefined),
  );
  for (const item of items) {
    // A limit per key with the same match applies beside the group; one with a narrower match, instead of it.
    if (perKey.some((each) => (each[dimension] ?? []).some((own) => covers(item, own)))) continue;
    const own =
      perKey.find((each) => each[dimension]?.some((wider) => covers(wider, item))) ??
      perKey.find((each) => each[dimension] === undefined);
    const builtIn =
      quantity === 'connections' ? new Map<string, number>(builtInLimits).get(dimension) : undefined;
    const perKeyAmount = own === undefined ? builtIn : own[quantity];
    if (perKeyAmount === undefined || !isMore(allowed, perKeyAmount)) continue;
    return messageOf({
      dimension,
      quantity,
      allowed,
      usual: perKeyAmount,
      where: own?.origin ?? 'the built-in limit',
    });
  }
  return undefined;
}

/** Does `outer` match everything that `inner` matches? */
function covers(outer: Item, inner: Item): boolean {
  if (typeof outer === 'string' || typeof inner === 'string') return outer === inner;
  if ('prefix' in outer) return 'prefix' in inner && contains(outer, inner);
  if ('prefix' in inner) return false;
  return includesPattern(outer, inner);
}

function isMore(allowed: Count | Rate, usual: Count | Rate): boolean {
  if (usual === 'unlimited') return false;
  if (allowed === 'unlimited') return true;
  return amount(allowed) > amount(usual);
}

/** A number that can be compared: a rate is taken per second. */
function amount(value: number | Rate): number {
  return typeof value === 'number' ? value : (value.count / value.perMs) * 1000;
}

function messageOf(found: {
  readonly dimension: Dimension;
  readonly quantity: Quantity;
  readonly allowed: Count | Rate;
  readonly usual: Count | Rate;
  readonly where: string;
}): string {
  const { dimension, quantity, allowed, usual, where } = found;
  const what = quantity === 'connections' ? valueText(usual) : `${snake(quantity)} ${valueText(usual)}`;
  const has = allowed === 'unlimited' ? quantity : valueText(allowed);
  return (
    `a group replaces the limit of ${what} per ${dimension} (${where}) for the mail that it matches: one ${dimension} may ` +
    `use all ${has}; to keep ${valueText(usual)} for each, add a [[limit]] with per = "${dimension}" and the same match`
  );
}

function snake(quantity: Quantity): string {
  return quantities.find(([name]) => name === quantity)?.[1] ?? quantity;
}

function valueText(value: Count | Rate): string {
  if (typeof value !== 'object') return String(value);
  return value.perMs === 60_000 ? `${value.count}/min` : `${value.count} in ${value.perMs / 1000}s`;
}
