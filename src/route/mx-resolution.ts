// From a domain to the addresses that take its mail: RFC 5321 5.1, with the null MX of RFC 7505.

import { isIPv4 } from 'node:net';
import type { MxRecord } from '../dns/resolver.ts';
import { lookUpHost, isUsable, type AddressLookup, type HostAddresses } from './host-addresses.ts';
import { permanent, staticTtlSeconds, temporary, type Outcome } from './outcome.ts';
import { addressOfLiteral } from '../address/domain.ts';
import { smtpHop } from './next-hop.ts';
import { isHostName } from './recipient-domain.ts';
import { inOrderOfPreference, siteOf } from './site.ts';
import type { NextHopAddress } from './types.ts';

/** Facts about this server that MX resolution needs. */
export interface MxLookup extends AddressLookup {
  readonly smtpPort: number;
  /** Whether this server itself listens there. */
  readonly isOwnAddress: (ip: string, port: number) => boolean;
  /** Names of this server as they may stand in MX records; canonical. */
  readonly ownNames: ReadonlySet<string>;
  readonly backup?: BackupMx | undefined;
}

/** The domains whose backup MX this server is. */
export interface BackupMx {
  has(domain: string): boolean;
  /** Whether an MX host with this address is this server, though it may not listen there itself. */
  isOwnAddress(ip: string): boolean;
}

interface Exchange {
  readonly host: string;
  readonly preference: number;
}

/** Most hosts of an MX set that are looked up; the most preferred ones. */
const maxHosts = 20;
/** Longest validity, in seconds, of a plan that lacks a host because its look-up failed. */
const incompleteTtlSeconds = 300;

/**
 * Finds where the mail of a domain goes.
 *
 * @param domain canonical, see `canonicalDomain`
 */
export async function resolveMx(lookup: MxLookup, domain: string): Promise<Outcome> {
  if (domain.startsWith('[')) return literalOutcome(lookup, domain);
  if (!isHostName(domain)) {
    return permanent(
      '5.1.3',
      `${JSON.stringify(domain)} is not a domain that mail can be sent to`,
      staticTtlSeconds,
    );
  }
  const answer = await lookup.resolver.mx(domain);
  switch (answer.kind) {
    case 'failed':
      return temporary('4.4.3', `The MX records of ${domain} could not be looked up: ${answer.reason}`);
    // RFC 8020 2: NXDOMAIN means that the name does not exist with any type. Some forwarders (of containers, of cheap routers)
    // answer NXDOMAIN for every type that they do not know. So the addresses are asked for, too, and mail is returned only if
    // that answer agrees.
    case 'nxdomain':
    case 'nodata': {
      const outcome = await implicitMx(lookup, domain, answer.ttlSeconds);
      return answer.authenticated ? { ...outcome, isSecure: true } : outcome;
    }
    case 'found': {
      const outcome = await explicitMx(lookup, domain, answer.records, answer.ttlSeconds);
      return answer.authenticated ? { ...outcome, isSecure: true } : outcome;
    }
  }
}

/** RFC 5321 5.1: without MX records, the domain itself is the only host, with preference 0. */
async function implicitMx(lookup: MxLookup, domain: string, mxTtlSeconds: number): Promise<Outcome> {
  const found = await lookUpHost(lookup, domain);
  if (found.kind === 'failed') {
    return temporary('4.4.3', `The addresses of ${domain} could not be looked up: ${found.reason}`);
  }
  const ttlSeconds = Math.min(mxTtlSeconds, found.ttlSeconds);
  if (found.kind === 'none') {
    return found.exists
      ? permanent('5.4.4', `${domain} has neither MX records nor an address to send mail to`, ttlSeconds)
      : noSuchDomain(domain, ttlSeconds);
  }
  if (isOwnHost(lookup, domain, domain, found) || lookup.ownNames.has(found.canonicalName)) {
    return loopsBack(lookup, domain, ttlSeconds);
  }
  // RFC 5321 5.1: what a CNAME leads to is processed as if it were the initial name.
  return relay(lookup, [{ host: found.canonicalName, preference: 0, found }], ttlSeconds);
}

async function explicitMx(
  lookup: MxLookup,
  domain: string,
  records: readonly MxRecord[],
  mxTtlSeconds: number,
): Promise<Outcome> {
  // RFC 7505 3: a root exchange beside others is a mistake of the domain; then it is skipped, because it names no host.
  if (records.every((record) => record.exchange === '.' || record.exchange === '')) {
    return permanent('5.1.10', `${domain} does not accept mail (null MX)`, mxTtlSeconds, 556);
  }
  const all = exchanges(records);
  if (all.length === 0) {
    return permanent('5.4.4', `No MX record of ${domain} names a host`, mxTtlSeconds);
  }
  // RFC 5321 5.1: hosts that are not preferred to this server must not be used, or mail would loop.
  const byName = preferredTo(all, (exchange) => lookup.ownNames.has(exchange.host));
  const looked = await Promise.all(
    byName
      .slice(0, maxHosts)
      .map(async ({ host, preference }) => ({ host, preference, found: await lookUpHost(lookup, host) })),
  );
  const hosts = preferredTo(looked, ({ host, found }) => isOwnHost(lookup, domain, host, found));
  if (hosts.length === 0) return loopsBack(lookup, domain, mxTtlSeconds, looked[0] ?? all[0]);

  let ttlSeconds = mxTtlSeconds;
  const usable: UsableHost[] = [];
  let failure: string | undefined;
  for (const { host, preference, found } of hosts) {
    if (found.kind === 'failed') {
      failure ??= `${host}: ${found.reason}`;
      continue;
    }
    ttlSeconds = Math.min(ttlSeconds, found.ttlSeconds);
    if (found.kind === 'found') usable.push({ host, preference, found });
  }
  if (usable.length === 0) {
    if (failure !== undefined) {
      return temporary('4.4.3', `No MX host of ${domain} could be looked up (${failure})`);
    }
    const names = hosts.slice(0, 3).map(({ host }) => host);
    if (hosts.length > names.length) names.push('...');
    // Somebody keeps this server as a backup, so the domain takes mail: the zone is to be mended, and until then its mail waits.
    if (lookup.backup?.has(domain) === true)
      return temporary(
        '4.4.4',
        `This server is a backup MX of ${domain}, and no better MX host has an address (${names.join(', ')})`,
      );
    return permanent(
      '5.4.4',
      `No MX host of ${domain} has an address to send mail to (${names.join(', ')})`,
      ttlSeconds,
    );
  }
  if (failure !== undefined) ttlSeconds = Math.min(ttlSeconds, incompleteTtlSeconds);
  // The site is named after all published hosts, so that its name stays while one of them cannot be looked up.
  return relay(lookup, usable, ttlSeconds, hosts);
}

/**
 * The hosts that MX records name: each once, with its best preference, in order. An exchange that is no host name is
 * skipped, IP addresses in text among them: RFC 5321 5.1 wants a domain name there, and no such name can exist.
 */
function exchanges(records: readonly MxRecord[]): Exchange[] {
  const best = new Map<string, number>();
  for (const { exchange, preference } of records) {
    if (!isHostName(exchange) || isIPv4(exchange)) continue;
    const known = best.get(exchange);
    if (known === undefined || preference < known) best.set(exchange, preference);
  }
  return [...best]
    .map(([host, preference]) => ({ host, preference }))
    .sort((a, b) => a.preference - b.preference || (a.host < b.host ? -1 : 1));
}

/** The hosts that are preferred to this server, if it is among them. `hosts` is sorted by preference. */
function preferredTo<T extends Exchange>(hosts: readonly T[], isOwn: (host: T) => boolean): readonly T[] {
  const own = hosts.find(isOwn);
  return own === undefined ? hosts : hosts.filter((host) => host.preference < own.preference);
}

function isOwnHost(lookup: MxLookup, domain: string, host: string, found: HostAddresses): boolean {
  if (lookup.ownNames.has(host)) return true;
  if (found.kind !== 'found') return false;
  if (lookup.ownNames.has(found.canonicalName)) return true;
  const { backup, smtpPort } = lookup;
  const isBackup = backup?.has(domain) === true;
  return found.ips.some((ip) => lookup.isOwnAddress(ip, smtpPort) || (isBackup && backup.isOwnAddress(ip)));
}

/** RFC 5321 4.1.3: mail for an address literal goes to that address. */
function literalOutcome(lookup: MxLookup, domain: string): Outcome {
  const ip = addressOfLiteral(domain);
  if (ip === undefined || !isUsable(ip)) {
    return permanent(
      '5.1.3',
      `${JSON.stringify(domain)} is not an address that mail can be sent to`,
      staticTtlSeconds,
    );
  }
  const family = ip.includes(':') ? 'IPv6' : 'IPv4';
  if (family === 'IPv6' ? !lookup.ipv6 : !lookup.ipv4) {
    return permanent(
      '5.4.4',
      `${domain} cannot be reached: ${family} is switched off here`,
      staticTtlSeconds,
    );
  }
  if (lookup.isOwnAddress(ip, lookup.smtpPort)) return loopsBack(lookup, domain, staticTtlSeconds);
  const { site, label } = siteOf('mx', [{ name: domain, preference: 0 }], `:${lookup.smtpPort}`);
  const addresses = [smtpHop(domain, ip, lookup.smtpPort, 0)];
  return { plan: { kind: 'relay', site, label, addresses }, ttlSeconds: staticTtlSeconds };
}

interface UsableHost extends Exchange {
  readonly found: HostAddresses & { readonly kind: 'found' };
}

function relay(
  lookup: MxLookup,
  usable: readonly UsableHost[],
  ttlSeconds: number,
  published: readonly Exchange[] = usable,
): Outcome {
  const port = lookup.smtpPort;
  const addresses: NextHopAddress[] = [];
  for (const { host, preference, found } of usable) {
    for (const ip of found.ips) addresses.push(smtpHop(host, ip, port, preference));
  }
  const names = published.map(({ host, preference }) => ({ name: host, preference }));
  const { site, label } = siteOf('mx', names, `:${port}`);
  return {
    plan: { kind: 'relay', site, label, addresses: inOrderOfPreference(addresses, lookup.random) },
    ttlSeconds,
  };
}

function noSuchDomain(domain: string, ttlSeconds: number): Outcome {
  return permanent('5.1.2', `The domain ${domain} does not exist`, ttlSeconds);
}

/**
 * RFC 3463 X.4.6: routing loop detected. A backup MX has accepted the mail because its administrator said so: that the zone says something else is
 * a mistake of one of them, and mail waits until it is mended.
 *
 * @param best - the MX host that is this server
 */
function loopsBack(lookup: MxLookup, domain: string, ttlSeconds: number, best?: Exchange): Outcome {
  if (lookup.backup?.has(domain) !== true) {
    return permanent('5.4.6', `Mail for ${domain} loops back to this server`, ttlSeconds);
  }
  const why =
    best === undefined
      ? `it has no MX records, and its address is that of this server`
      : `${best.host} with preference ${best.preference} is this server, and no MX host has a lower number`;
  return temporary('4.4.6', `This server is a backup MX of ${domain}, but nothing is better: ${why}`);
}
