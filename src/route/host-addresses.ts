// The addresses of one host: AAAA and A together, only those that mail can be sent to.

import ipaddr from 'ipaddr.js';
import type { Resolver } from '../dns/resolver.ts';
import { shuffle } from './shuffle.ts';

export type HostAddresses =
  | {
      readonly kind: 'found';
      readonly ips: readonly string[];
      readonly ttlSeconds: number;
      /** The end of the host's CNAME chain. */
      readonly canonicalName: string;
      /** One IP version could not be looked up: there may be more addresses. */
      readonly incomplete: boolean;
    }
  /** It has no usable address, or does not exist at all. */
  | { readonly kind: 'none'; readonly exists: boolean; readonly ttlSeconds: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** How hosts are looked up. */
export interface AddressLookup {
  readonly resolver: Resolver;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Most addresses of a host that are used; half of each IP version if it has both. */
const maxAddressesPerHost = 8;

/** Looks a host name up; CNAMEs are followed (RFC 5321 5.1). */
export async function lookUpHost(lookup: AddressLookup, host: string): Promise<HostAddresses> {
  const { resolver } = lookup;
  const families: (4 | 6)[] = [];
  if (lookup.ipv6) families.push(6);
  if (lookup.ipv4) families.push(4);
  const answers = await Promise.all(families.map((family) => resolver.addresses(host, family)));

  const perFamily: string[][] = [];
  let ttlSeconds = Infinity;
  let canonicalName = host;
  let exists = false;
  let failure: string | undefined;
  for (const answer of answers) {
    if (answer.kind === 'failed') {
      failure = answer.reason;
      continue;
    }
    ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds);
    if (answer.kind !== 'nxdomain') exists = true;
    if (answer.kind !== 'found') continue;
    const ips = [...new Set(answer.records)].filter(isUsable);
    shuffle(ips, lookup.random);
    if (ips.length === 0) continue;
    perFamily.push(ips);
    canonicalName = answer.canonicalName;
  }
  const ips = alternate(perFamily, maxAddressesPerHost);
  if (ips.length > 0)
    return { kind: 'found', ips, ttlSeconds, canonicalName, incomplete: failure !== undefined };
  if (failure !== undefined) return { kind: 'failed', reason: failure };
  return { kind: 'none', exists, ttlSeconds: Number.isFinite(ttlSeconds) ? ttlSeconds : 0 };
}

/** The first of each list, then the second of each, up to `count` in all. */
function alternate(lists: readonly (readonly string[])[], count: number): string[] {
  const merged: string[] = [];
  for (let i = 0; merged.length < count; i++) {
    const before = merged.length;
    for (const list of lists) {
      const ip = list[i];
      if (ip !== undefined && merged.length < count) merged.push(ip);
    }
    if (merged.length === before) break;
  }
  return merged;
}

/**
 * Whether mail can be sent to this address. A connection to the unspecified address would reach this machine, an IPv4-mapped
 * address would evade limits on the IPv4 address, and a link-local address of IPv6 is incomplete without a zone.
 */
export function isUsable(ip: string): boolean {
  const range = ipaddr.parse(ip).range();
  return (
    range !== 'unspecified' &&
    range !== 'broadcast' &&
    range !== 'multicast' &&
    range !== 'ipv4Mapped' &&
    !(range === 'linkLocal' && ip.includes(':'))
  );
}
