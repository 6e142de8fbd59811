// The plan key of a target that no rule of the routing table has: hosts that a plugin named. The target is in the key, so that nothing else
// has to be kept for as long as mail has such a route, and the same target has the same key everywhere.

import { formatRelayHost, parseRelayHost } from '../values/endpoint.ts';
import { formatLmtpServer, parseLmtpServer } from '../values/lmtp-server.ts';
import { ValueError } from '../values/value-error.ts';
import type { RouteRule, RouteTarget } from './route-rule.ts';
import { parseSmarthost } from './smarthost-resolution.ts';

/** Hosts that are named without a rule: they get no log-in, and TLS as a [[tls]] or the default says. */
export type NamedTarget = Extract<RouteTarget, { readonly kind: 'smarthost' | 'lmtp' }>;

/** No plan key of a rule begins like this. */
const begin = 'to#';

/**
 * Reads hosts as a [[route]] names them.
 * @throws {ValueError} when one is none
 */
export function readTarget(
  kind: NamedTarget['kind'],
  hosts: readonly string[],
  mode: NamedTarget['mode'],
): NamedTarget {
  if (kind === 'lmtp') return { kind, servers: hosts.map(parseLmtpServer), mode };
  return { kind, hosts: hosts.map(smarthostOf), mode };
}

function smarthostOf(text: string) {
  const host = parseRelayHost(text);
  if (parseSmarthost(host.host) !== undefined) return host;
  throw new ValueError(`"${text}": no mail can be handed to this host`);
}

/** The plan key of a target. It has no colon, as the first colon of a route key ends it. */
export function targetKey(target: NamedTarget): string {
  const servers =
    target.kind === 'smarthost' ? target.hosts.map(formatRelayHost) : target.servers.map(formatLmtpServer);
  return `${begin}${[target.kind, target.mode, ...servers.map(encodeURIComponent)].join(',')}`;
}

/** A rule with the target that is in a plan key; undefined when there is none in it. */
export function ruleOfTargetKey(planKey: string): RouteRule | undefined {
  if (!planKey.startsWith(begin)) return undefined;
  const [kind, mode, ...encoded] = planKey.slice(begin.length).split(',');
  if (kind !== 'smarthost' && kind !== 'lmtp') return undefined;
  if (mode !== 'failover' && mode !== 'balance') return undefined;
  const hosts = encoded.map(decodeURIComponent);
  const target = readTarget(kind, hosts, mode);
  return { name: hosts.join(', '), isUnnamed: true, match: { kind: 'default' }, target };
}
