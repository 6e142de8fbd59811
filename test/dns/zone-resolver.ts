// A resolver that answers from the zone of the simulated DNS server, without bytes and sockets: for rooms that ask the DNS and
// own no socket. `servfail`, `refused` and `drop` are failed look-ups.

import type { Answer, Resolver } from '../../src/dns/resolver.ts';
import { reverseName } from '../../src/dns/reverse-name.ts';
import type { Zone, ZoneName, ZoneType } from '../../sim/dns/zone.ts';

export interface ZoneResolver extends Pick<Resolver, 'txt' | 'addresses' | 'mx' | 'ptr'> {
  /** The questions so far, in order, e.g. `TXT example.com`. */
  readonly asked: string[];
}

export function zoneResolver(zone: Zone): ZoneResolver {
  const asked: string[] = [];
  async function answer<T>(
    type: ZoneType,
    given: string,
    read: (entry: ZoneName) => readonly T[] | undefined,
  ): Promise<Answer<T>> {
    asked.push(`${type} ${given}`);
    let name = given.toLowerCase();
    for (let hops = 0; hops < 10; hops++) {
      const entry = zone[name];
      const negative = { ttlSeconds: 60, authenticated: false } as const;
      if (entry === undefined) return { kind: 'nxdomain', ...negative };
      if (entry.behaviour !== undefined && (entry.behaviourTypes?.includes(type) ?? true)) {
        return { kind: 'failed', reason: `${entry.behaviour} of ${name}` };
      }
      if (entry.cname === undefined) {
        const records = read(entry) ?? [];
        if (records.length === 0) return { kind: 'nodata', ...negative };
        return { kind: 'found', records, ...negative, canonicalName: name };
      }
      name = entry.cname.toLowerCase();
    }
    return { kind: 'failed', reason: 'a chain of CNAMEs without end' };
  }
  return {
    asked,
    txt: (name) => answer('TXT', name, ({ txt }) => txt),
    mx: (name) => answer('MX', name, ({ mx }) => mx),
    addresses: (name, family) =>
      family === 4 ? answer('A', name, ({ a }) => a) : answer('AAAA', name, ({ aaaa }) => aaaa),
    ptr: (address) => answer('PTR', reverseName(address) ?? '', ({ ptr }) => ptr),
  };
}
