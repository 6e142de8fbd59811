// Plans with alternatives: hosts that are used while all hosts of a route cannot be reached. They stand behind those in the plan, with higher
// preferences, so that the scheduler finds its way to them as to a backup MX.

import { createHash } from 'node:crypto';
import { temporaryTtlSeconds, type Outcome } from './outcome.ts';
import type { NextHopAddress } from './types.ts';

/** 72 bits, as for plan keys. */
const digestChars = 12;

/**
 * The plan of a route, and behind it the one of its alternative. Where the hosts of the route cannot be looked up now, the alternative alone. What
 * fails for good fails: no other host would know better.
 */
export function withAlternative(first: Outcome, other: Outcome): Outcome {
  if (other.plan.kind !== 'relay') return first;
  if (first.plan.kind === 'error') {
    // TLS that a domain demands (RFC 3463 X.7.x) is not left out by another way.
    if (first.plan.permanent || first.plan.enhancedStatus.startsWith('4.7.')) return first;
    return { ...other, ttlSeconds: Math.min(other.ttlSeconds, temporaryTtlSeconds) };
  }
  const known = new Set(first.plan.addresses.map(({ key }) => key));
  const last = Math.max(...first.plan.addresses.map(({ preference }) => preference));
  const behind: NextHopAddress[] = other.plan.addresses
    .filter(({ key }) => !known.has(key))
    .map((address) => Object.assign({}, address, { preference: last + 1 + address.preference }));
  if (behind.length === 0) return first;
  const digest = createHash('sha256')
    .update(`${other.plan.site}\n${other.plan.security ?? ''}`)
    .digest('base64url')
    .slice(0, digestChars);
  return {
    ...first,
    plan: {
      ...first.plan,
      addresses: [...first.plan.addresses, ...behind],
      // Connections are shared by plans with equal hosts only.
      security: `${first.plan.security ?? ''}+else~${digest}`,
    },
    ttlSeconds: Math.min(first.ttlSeconds, other.ttlSeconds),
  };
}
