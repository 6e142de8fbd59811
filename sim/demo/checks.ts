// Compares what the demo promises with what the destinations have counted: every message arrives once at the right
// destination, and no limit is exceeded in any dimension.

import { allowed, flood } from './configuration.ts';
import type { Delays } from './delays.ts';
import type { Expectation } from './expectation.ts';
import { banAbove, domainsOf, sumOf, type Neighbourhood } from './neighbourhood.ts';

/** A limit and the highest count that the destinations have seen. */
export interface Seen {
  readonly what: string;
  readonly most: number;
  readonly limit: number;
}

/** Window over which the rate is checked: time on the way to the destination blurs a window of one second. */
const rateSeconds = 5;

export function seenAtDestinations({ census, providers }: Neighbourhood): Seen[] {
  const most = (prefix: string, isMeant: (name: string) => boolean): number =>
    Math.max(0, ...[...census.mostByName(prefix)].map(([name, count]) => (isMeant(name) ? count : 0)));
  const own = new Set(['tiny', 'family'].flatMap((kind) => domainsOf(providers, kind)));
  const [tiny] = domainsOf(providers, 'tiny');
  const any = (): boolean => true;
  return [
    { what: 'connections in all', most: census.maxConnections, limit: allowed.all },
    { what: 'to one IP address', most: most('ip ', any), limit: allowed.ip },
    {
      what: 'for one domain',
      most: most('domain ', (name) => !own.has(name.slice('domain '.length))),
      limit: allowed.domain,
    },
    { what: `for the domain of tiny.test`, most: census.most(`domain ${tiny}`), limit: allowed.tiny },
    { what: 'for the family of three', most: census.most('kind family'), limit: allowed.family },
    {
      what: 'to one MX host of hosted.test',
      most: most('mx ', (name) => name.endsWith('.hosted.test')),
      limit: allowed.mx,
    },
    { what: `for ${flood.name}`, most: census.most(`tenant ${flood.name}`), limit: allowed.newsletter },
    {
      what: `messages to paced.test in ${rateSeconds} s`,
      most: census.mostWithin('kind paced', rateSeconds * 1000),
      limit: allowed.perSecond * (rateSeconds + 1),
    },
  ];
}

/** Everything that breaks a promise, one sentence each. */
export function faults(neighbourhood: Neighbourhood, { deliveries }: Expectation, delays: Delays): string[] {
  const found: string[] = [];
  for (const [i, provider] of neighbourhood.providers.entries()) {
    const wanted = deliveries[i]!;
    const { name, exchangers } = provider;
    const arrived = new Set<string>();
    for (const { tally } of exchangers) for (const key of tally.deliveries.keys()) arrived.add(key);
    const missing = wanted.size - wanted.intersection(arrived).size;
    const astray = arrived.difference(wanted).size;
    const copies = sumOf(provider, ({ tally }) => tally.duplicates + tally.deliveries.size) - arrived.size;
    if (missing > 0) found.push(`${name}: ${missing} of ${wanted.size} deliveries did not arrive`);
    if (astray > 0) found.push(`${name}: ${astray} deliveries arrived that belong elsewhere`);
    if (copies > 0) found.push(`${name}: ${copies} deliveries arrived more than once`);
  }
  for (const { what, most, limit } of seenAtDestinations(neighbourhood)) {
    if (most > limit) found.push(`${what}: ${most}, the limit is ${limit}`);
  }
  const bans = neighbourhood.bans();
  if (bans > mostBans)
    found.push(
      `the provider that bans above ${banAbove} connections banned ${bans} times: nothing was learned`,
    );
  const [few, many] = [delays.longest('.few@client.test'), delays.longest('.demo@client.test')];
  if (few > many / 2)
    found.push(
      `ten messages waited ${few.toFixed(0)} ms behind the flood, whose longest wait was ${many.toFixed(0)} ms`,
    );
  return found;
}

/** Connections that are being opened while the first one learns of the ban are banned, too. */
const mostBans = 12;
