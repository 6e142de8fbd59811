// From a list of smarthosts or servers of another protocol to addresses. All errors are temporary: the routing table names the hosts, so the operator has to
// correct them, and mail waits meanwhile.

import { isUsable, lookUpHost, type AddressLookup } from './host-addresses.ts';
import { staticTtlSeconds, temporary, type Outcome } from './outcome.ts';
import { addressOfLiteral } from '../address/domain.ts';
import { endpointText, type SocketEndpoint } from '../values/hop-endpoint.ts';
import type { MailServer } from '../values/mail-server.ts';
import { canonicalIp } from '../values/ip-address.ts';
import type { PackageProtocol } from '../values/package-server.ts';
import type { HopTlsPolicy } from '../values/tls-policy.ts';
import { socketHop } from './next-hop.ts';
import { canonicalDomain, isHostName } from './recipient-domain.ts';
import type { Smarthost } from './route-rule.ts';
import { inOrderOfPreference, siteOf } from './site.ts';
import type { NextHopAddress, SocketHop } from './types.ts';
import { isIP } from '../values/ip-version.ts';

export interface SmarthostLookup extends AddressLookup {
  readonly isOwnAddress: (ip: string, port: number) => boolean;
}

/** A smarthost in canonical form: an IP address, or a name to look up. */
export type SmarthostAddress =
  | { readonly kind: 'ip'; readonly ip: string }
  | { readonly kind: 'name'; readonly name: string };

/** Reads a host of the table; undefined when it is neither a name nor an address. */
export function parseSmarthost(host: string): SmarthostAddress | undefined {
  const literal = addressOfLiteral(host);
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const ip = literal ?? (isIP(bare) === 0 || bare.includes('%') ? undefined : canonicalIp(bare));
  if (ip !== undefined) return isUsable(ip) ? { kind: 'ip', ip } : undefined;
  const name = canonicalDomain(bare);
  return isHostName(name) ? { kind: 'name', name } : undefined;
}

/** What servers are called in messages, and how they are reached. */
interface Kind {
  readonly transport: SocketHop['transport'];
  readonly site: 'relay' | ServerProtocol;
  readonly noun: string;
}

const smarthosts: Kind = { transport: 'smtp', site: 'relay', noun: 'smarthost' };

/** Protocols other than SMTP by which servers of a list take mail. */
export type ServerProtocol = 'lmtp' | PackageProtocol;

function serversOf(protocol: ServerProtocol): Kind {
  return { transport: protocol, site: protocol, noun: `${protocol.toUpperCase()} server` };
}

/**
 * Finds the addresses of the smarthosts of rule `rule`.
 *
 * @param hosts all of which `parseSmarthost` reads
 */
export function resolveSmarthosts(
  lookup: SmarthostLookup,
  rule: string,
  hosts: readonly Smarthost[],
  mode: 'failover' | 'balance',
): Promise<Outcome> {
  const looked = hosts.map((host, index) => lookUp(lookup, smarthosts, host, preferenceOf(index, mode)));
  return planOf(lookup, smarthosts, rule, looked);
}

/** Finds the endpoints of the servers of rule `rule`; a name is looked up like that of a smarthost. */
export function resolveServers(
  lookup: SmarthostLookup,
  protocol: ServerProtocol,
  rule: string,
  servers: readonly MailServer[],
  mode: 'failover' | 'balance',
): Promise<Outcome> {
  const kind = serversOf(protocol);
  const looked = servers.map((server, index) => {
    const preference = preferenceOf(index, mode);
    if (server.kind === 'host') return lookUp(lookup, kind, server, preference);
    const name = endpointText(server);
    const addresses = [socketHop(protocol, server, name, preference)];
    return { kind: 'found', name, preference, addresses, ttlSeconds: staticTtlSeconds } as const;
  });
  return planOf(lookup, kind, rule, looked);
}

/** TLS before the greeting, with any certificate; `PlanSecurity` says more. */
const implicitTls: HopTlsPolicy = {
  level: 'required',
  from: 'configuration',
  policyDomain: '',
  serverName: '',
  names: [],
  fingerprints: [],
  tlsa: [],
  implicit: true,
  needsRequireTls: false,
  settings: '',
};

function preferenceOf(index: number, mode: 'failover' | 'balance'): number {
  return mode === 'failover' ? index : 0;
}

async function planOf(
  lookup: SmarthostLookup,
  kind: Kind,
  rule: string,
  servers: readonly (Looked | Promise<Looked>)[],
): Promise<Outcome> {
  const looked = await Promise.all(servers);
  const addresses: NextHopAddress[] = [];
  let ttlSeconds = staticTtlSeconds;
  let failure: string | undefined;
  let own = false;
  for (const result of looked) {
    if (result.kind === 'failed') {
      failure ??= result.reason;
      continue;
    }
    ttlSeconds = Math.min(ttlSeconds, result.ttlSeconds);
    for (const address of result.addresses) {
      if (isOwn(lookup, address.endpoint)) own = true;
      else addresses.push(address);
    }
  }
  if (addresses.length === 0) {
    const { noun } = kind;
    if (failure !== undefined)
      return temporary('4.4.3', `No ${noun} of route "${rule}" can be used: ${failure}`);
    // RFC 3463 X.3.5: system incorrectly configured.
    if (own) return temporary('4.3.5', `The ${noun}s of route "${rule}" are this server itself`);
    return temporary('4.3.5', `Route "${rule}" has no ${noun} that can be used`);
  }
  const names = looked.map(({ name, preference }) => ({ name, preference }));
  const { site, label } = siteOf(kind.site, names, '');
  return {
    plan: { kind: 'relay', site, label, addresses: inOrderOfPreference(addresses, lookup.random) },
    ttlSeconds,
  };
}

function isOwn(lookup: SmarthostLookup, endpoint: SocketEndpoint): boolean {
  return endpoint.kind === 'tcp' && lookup.isOwnAddress(endpoint.ip, endpoint.port);
}

type Looked = { readonly name: string; readonly preference: number } & (
  | { readonly kind: 'found'; readonly addresses: readonly SocketHop[]; readonly ttlSeconds: number }
  | { readonly kind: 'failed'; readonly reason: string }
);

async function lookUp(
  lookup: SmarthostLookup,
  { transport }: Kind,
  smarthost: Smarthost,
  preference: number,
): Promise<Looked> {
  const { port } = smarthost;
  const parsed = parseSmarthost(smarthost.host);
  if (parsed === undefined) {
    return { kind: 'failed', name: smarthost.host, preference, reason: `"${smarthost.host}" is no host` };
  }
  const hopOf = (host: string, ip: string): SocketHop => {
    const hop = socketHop(transport, { kind: 'tcp', ip, port }, host, preference);
    return smarthost.implicitTls === true ? { ...hop, tls: implicitTls } : hop;
  };
  if (parsed.kind === 'ip') {
    const { ip } = parsed;
    const host = ip.includes(':') ? `[${ip}]` : ip;
    const addresses = [hopOf(host, ip)];
    return { kind: 'found', name: `${host}:${port}`, preference, addresses, ttlSeconds: staticTtlSeconds };
  }
  const host = parsed.name;
  const name = `${host}:${port}`;
  const found = await lookUpHost(lookup, host);
  switch (found.kind) {
    case 'failed':
      return { kind: 'failed', name, preference, reason: `${host} could not be looked up: ${found.reason}` };
    case 'none': {
      const reason = found.exists ? `${host} has no usable address` : `${host} does not exist`;
      return { kind: 'failed', name, preference, reason };
    }
    case 'found': {
      const addresses = found.ips.map((ip) => hopOf(host, ip));
      return { kind: 'found', name, preference, addresses, ttlSeconds: found.ttlSeconds };
    }
  }
}
