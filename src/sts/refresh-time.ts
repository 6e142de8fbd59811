// When a known MTA-STS policy is fetched again, before it ends. Pure.

import type { KnownPolicy } from './known-policies.ts';

const dayMs = 86_400_000;

/**
 * Unix ms. RFC 8461 3.3: about once a day, so that an attacker would have to block the policy server for the whole lifetime of a
 * policy. At random, so that not all come at once.
 *
 * @param random - in [0, 1)
 */
export function nextRefreshMs({ policy, fetchedAtMs }: KnownPolicy, random: number): number {
  const periodMs = Math.min(dayMs, policy.maxAgeSeconds * 1000);
  return fetchedAtMs + periodMs * (0.5 + random * 0.4);
}
