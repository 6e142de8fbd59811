// The plan key of a target that no rule of the routing table has: hosts that a plugin or a table named. The target is in the key, so that nothing
// else has to be kept for as long as mail has such a route, and the same target has the same key everywhere.

import { formatRelayHost, parseRelayHost } from '../values/endpoint.ts';
import type { HopLogin } from '../values/hop-login.ts';
import { parseLmtpServer } from '../values/lmtp-server.ts';
import { formatMailServer } from '../values/mail-server.ts';
import { parsePackageServer } from '../values/package-server.ts';
import { ValueError } from '../values/value-error.ts';
import type { RouteRule, RouteTarget } from './route-rule.ts';
import { parseSmarthost } from './smarthost-resolution.ts';

/** Targets that are named without a rule. Hosts get TLS as a [[tls]] or the default says. */
export type NamedTarget = Extract<
  RouteTarget,
  {
    readonly kind:
      | 'smarthost'
      | 'lmtp'
      | 'qmqp'
      | 'qmtp'
      | 'mx-of'
      | 'error'
      | 'discard'
      | 'redirect'
      | 'hold';
  }
>;
/** Those that are lists of servers. */
export type NamedServers = Extract<NamedTarget, { readonly kind: 'smarthost' | 'lmtp' | 'qmqp' | 'qmtp' }>;

/** No plan key of a rule begins like this. */
const begin = 'to#';

/**
 * Reads hosts as a [[route]] names them.
 * @throws {ValueError} when one is none
 */
export function readTarget(
  kind: NamedServers['kind'],
  hosts: readonly string[],
  mode: NamedServers['mode'],
): NamedServers {
  switch (kind) {
    case 'smarthost':
      return { kind, hosts: hosts.map(smarthostOf), mode };
    case 'lmtp':
      return { kind, servers: hosts.map(parseLmtpServer), mode };
    case 'qmqp':
    case 'qmtp':
      return { kind, servers: hosts.map((host) => parsePackageServer(kind, host)), mode };
  }
}

function smarthostOf(text: string) {
  const host = parseRelayHost(text);
  if (parseSmarthost(host.host) !== undefined) return host;
  throw new ValueError(`"${text}": no mail can be handed to this host`);
}

/** The plan key of a target. It has no colon, as the first colon of a route key ends it. */
export function targetKey(target: NamedTarget): string {
  const key = begin + [target.kind, ...partsOf(target).map(encodeURIComponent)].join(',');
  const login = target.kind === 'smarthost' ? target.login : undefined;
  // As in the keys of rules: nothing that is escaped has a plus sign.
  return login === undefined ? key : `${key}+${login.id}`;
}

function partsOf(target: NamedTarget): readonly string[] {
  switch (target.kind) {
    case 'smarthost':
      return [target.mode, ...target.hosts.map(formatRelayHost)];
    case 'lmtp':
    case 'qmqp':
    case 'qmtp':
      return [target.mode, ...target.servers.map(formatMailServer)];
    case 'mx-of':
      return target.port === undefined ? [target.domain] : [target.domain, String(target.port)];
    case 'error':
      return [String(target.replyCode), target.enhancedStatus, target.text.toWellFormed()];
    case 'discard':
      return [];
    case 'redirect':
      return target.to;
    case 'hold':
      return [target.reason];
  }
}

/** A rule with the target that is in a plan key; undefined when there is none in it. */
export function ruleOfTargetKey(planKey: string): RouteRule | undefined {
  if (!planKey.startsWith(begin)) return undefined;
  const [bare = '', login] = planKey.slice(begin.length).split('+');
  const [kind = '', ...encoded] = bare.split(',');
  const parts = encoded.map(decodeURIComponent);
  const found = targetOf(kind, parts);
  const target =
    login !== undefined && found?.kind === 'smarthost' ? { ...found, login: loginOf(login) } : found;
  return target && { name: nameOf(target), isUnnamed: true, match: { kind: 'default' }, target };
}

/** @param id - of a log-in, which begins with the name of the credential */
function loginOf(id: string): HopLogin {
  return { credential: id.slice(0, id.indexOf('~')), id };
}

function targetOf(kind: string, parts: readonly string[]): NamedTarget | undefined {
  const [first = '', second = '', third = ''] = parts;
  switch (kind) {
    case 'smarthost':
    case 'lmtp':
    case 'qmqp':
    case 'qmtp':
      if (first !== 'failover' && first !== 'balance') return undefined;
      return readTarget(kind, parts.slice(1), first);
    case 'mx-of':
      return { kind, domain: first, ...(second !== '' && { port: Number(second) }) };
    case 'error':
      return { kind, replyCode: Number(first), enhancedStatus: second, text: third };
    case 'discard':
      return { kind };
    case 'redirect':
      return { kind, to: parts };
    case 'hold':
      return { kind, reason: first };
    default:
      return undefined;
  }
}

function loginText(login: HopLogin | undefined): string {
  return login === undefined ? '' : ` with the [[credential]] ${login.credential}`;
}

/** What people are told of a target. */
export function nameOf(target: NamedTarget): string {
  switch (target.kind) {
    case 'smarthost':
      return target.hosts.map(formatRelayHost).join(', ') + loginText(target.login);
    case 'lmtp':
      return target.servers.map(formatMailServer).join(', ');
    case 'qmqp':
    case 'qmtp':
      return `${target.servers.map(formatMailServer).join(', ')} by ${target.kind.toUpperCase()}`;
    case 'mx-of':
      return `the MX of ${target.domain}${target.port === undefined ? '' : `, port ${target.port}`}`;
    case 'error':
      return `${target.replyCode} ${target.enhancedStatus} ${target.text}`;
    case 'discard':
      return 'discard';
    case 'redirect':
      return `redirect to ${target.to.join(', ')}`;
    case 'hold':
      return `hold: ${target.reason}`;
  }
}
