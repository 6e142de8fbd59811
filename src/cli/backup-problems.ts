// What MX records say of domains whose backup MX this server is, where that cannot be meant: `sluice check` warns of it. What cannot be looked up now
// is no mistake of the configuration.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import type { Resolver } from '../dns/types.ts';
import { openResolver } from '../manager/open-resolver.ts';
import { backupMx, isOwnAddress } from '../manager/own-addresses.ts';
import { lookUpHost } from '../route/host-addresses.ts';
import { ownNames } from '../settings/backup.ts';

/** Domains that are looked up. */
const mostDomains = 50;
/** In all: nobody waits for name servers that do not answer. */
const timeLimitMs = 5_000;
/** Hosts that are named. */
const mostNamed = 4;

export interface MxStanding {
  readonly host: string;
  readonly preference: number;
  /** It is this server. */
  readonly isOwn: boolean;
  /** It has no address, for certain. */
  readonly isWithout?: boolean;
}

export async function backupProblems(config: Config): Promise<readonly ConfigWarning[]> {
  const asked = config.route.flatMap(({ backup, domain, kind }, index) =>
    backup === undefined || kind !== 'mx'
      ? []
      : domain.flatMap((each) => (each.kind === 'exact' ? [{ index, domain: each.domain }] : [])),
  );
  if (asked.length === 0) return [];
  const resolver = openResolver(config, () => performance.now());
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), timeLimitMs);
  try {
    const found = await Promise.all(
      asked.slice(0, mostDomains).map(async ({ domain, index }): Promise<ConfigWarning[]> => {
        const standings = await Promise.race([standingsOf(domain, config, resolver), late]);
        const message = standings && problemOf(domain, standings, ownNames(config));
        return message === undefined ? [] : [{ path: ['route', index, 'backup'], message }];
      }),
    );
    return found.flat();
  } finally {
    clearTimeout(timer);
    resolver.close();
  }
}

/** The MX hosts, the best first; undefined: they could not be looked up; none: there are no MX records. */
async function standingsOf(
  domain: string,
  config: Config,
  resolver: Resolver,
): Promise<readonly MxStanding[] | undefined> {
  const answer = await resolver.mx(domain);
  if (answer.kind === 'failed') return undefined;
  if (answer.kind !== 'found') return [];
  const names = new Set(ownNames(config));
  const isOwnPlace = isOwnAddress(config);
  const backup = backupMx(config);
  const standings = await Promise.all(
    answer.records.map(async ({ exchange, preference }): Promise<MxStanding> => {
      if (names.has(exchange)) return { host: exchange, preference, isOwn: true };
      const found = await lookUpHost({ resolver, ipv4: true, ipv6: true, random: Math.random }, exchange);
      const isOwn =
        found.kind === 'found' &&
        (names.has(found.canonicalName) ||
          found.ips.some((ip) => isOwnPlace(ip, config.deliver.port) || backup?.isOwnAddress(ip) === true));
      return { host: exchange, preference, isOwn, isWithout: found.kind === 'none' };
    }),
  );
  return standings.toSorted((one, other) => one.preference - other.preference);
}

/** What is wrong with the MX records of a domain whose backup MX this server is; undefined: nothing. @param hosts - the best first */
export function problemOf(
  domain: string,
  hosts: readonly MxStanding[],
  names: readonly string[],
): string | undefined {
  if (hosts.length === 0)
    return `${domain} has no MX records, so nobody finds this server as its backup MX; publish them, the primary server with the lowest number`;
  if (hosts.every(({ host }) => host === '.' || host === ''))
    return `${domain} says that it takes no mail (null MX, RFC 7505): its recipients are refused; correct its MX record, or take it out of the route`;
  const own = hosts.find(({ isOwn }) => isOwn);
  const shown = hosts
    .slice(0, mostNamed)
    .map(({ host, preference }) => `${preference} ${host}`)
    .join(', ');
  if (own === undefined)
    return `none of the MX hosts of ${domain} (${shown}) is this server, known as ${names.join(', ')}: no mail for it comes here, and mail goes to any of them; add this server to the MX records, or its name and address there to own_names and own_addresses in [deliver]`;
  if (hosts.every(({ preference }) => preference >= own.preference))
    return `this server (${own.host}, preference ${own.preference}) is the best MX host of ${domain}, so there is nobody to hand its mail on to, and it waits (4.4.6); give the primary server a lower number, or name it with relay`;
  const better = hosts.filter(({ preference }) => preference < own.preference);
  if (better.every(({ isWithout }) => isWithout === true))
    return `no MX host of ${domain} that is better than this server has an address (${better.map(({ host }) => host).join(', ')}): its mail waits here (4.4.4); correct the zone, or name the primary server with relay`;
  return undefined;
}
