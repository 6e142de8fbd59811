// A resolver that answers from a table, without a network. Names that are not in the table do not exist.

import type { Answer, MxRecord, Resolver } from '../../src/dns/resolver.ts';
import { createRouter, type RouteRule, type RouterOptions } from '../../src/route/create-router.ts';
import type { RoutePlan, Router } from '../../src/route/types.ts';

/** The records of a name, or the failure of its look-ups of one type. */
export interface FakeName {
  /** `[preference, exchange]` */
  readonly mx?: readonly (readonly [number, string])[] | 'failed' | 'nxdomain';
  readonly a?: readonly string[] | 'failed';
  readonly aaaa?: readonly string[] | 'failed';
  /** The target of the name's CNAMEs, whose records are returned. */
  readonly cname?: string;
  readonly ttl?: number;
}

export type FakeNames = Record<string, FakeName>;

export interface FakeResolver extends Resolver {
  /** The questions so far, in order, e.g. `MX example.com`. */
  readonly asked: string[];
}

export function fakeResolver(names: FakeNames): FakeResolver {
  const asked: string[] = [];
  const answer = <T>(
    type: string,
    name: string,
    read: (entry: FakeName) => readonly T[] | 'failed' | 'nxdomain',
  ): Answer<T> => {
    asked.push(`${type} ${name}`);
    const canonicalName = names[name]?.cname ?? name;
    const entry = names[canonicalName];
    const ttlSeconds = entry?.ttl ?? 600;
    if (entry === undefined) return { kind: 'nxdomain', ttlSeconds, authenticated: false };
    const records = read(entry);
    if (records === 'nxdomain') return { kind: 'nxdomain', ttlSeconds, authenticated: false };
    if (records === 'failed') return { kind: 'failed', reason: 'SERVFAIL from 192.0.2.53' };
    if (records.length === 0) return { kind: 'nodata', ttlSeconds, authenticated: false };
    return { kind: 'found', records, ttlSeconds, authenticated: false, canonicalName };
  };
  const mxOf = ({ mx }: FakeName): MxRecord[] | 'failed' | 'nxdomain' =>
    mx === 'failed' || mx === 'nxdomain'
      ? mx
      : (mx ?? []).map(([preference, exchange]) => ({ preference, exchange }));
  return {
    asked,
    mx: async (domain) => answer('MX', domain, mxOf),
    addresses: async (host, family) =>
      answer(family === 4 ? 'A' : 'AAAA', host, (entry) => (family === 4 ? entry.a : entry.aaaa) ?? []),
    txt: async (domain) => answer('TXT', domain, () => []),
    tlsa: async (name) => answer('TLSA', name, () => []),
    cname: async (name) => answer('CNAME', name, () => []),
    ptr: async (address) => answer('PTR', address, () => []),
    flush: () => {},
    outage: undefined,
    onOutage: () => {},
    close: () => {},
    stats: () => {
      throw new Error('not asked for in these tests');
    },
  };
}

export const nowMs = 5_000_000;

/** A router on a fake resolver, at a fixed time, which never shuffles. */
export function fakeRouter(
  names: FakeNames,
  options: Partial<RouterOptions> & { readonly rules?: readonly RouteRule[] } = {},
): { router: Router; resolver: FakeResolver } {
  const resolver = fakeResolver(names);
  const router = createRouter({
    rules: [],
    resolver,
    isOwnAddress: (ip) => ip === '192.0.2.250' || ip === '2001:db8::250',
    ownNames: ['Mail.Us.Example.'],
    ipv4: true,
    ipv6: true,
    smtpPort: 25,
    // The shuffle swaps every item with itself.
    random: () => 0.999999,
    now: () => nowMs,
    ...options,
  });
  return { router, resolver };
}

/** A plan in short: `preference host ip` of every address, or `code status temporary|permanent`. */
export function brief(plan: RoutePlan): string[] | string {
  if (plan.kind === 'relay')
    return plan.addresses.map((a) => `${a.preference} ${a.host} ${a.ip}:${a.key.split(':').at(-1)}`);
  return `${plan.replyCode} ${plan.enhancedStatus} ${plan.permanent ? 'permanent' : 'temporary'}`;
}
