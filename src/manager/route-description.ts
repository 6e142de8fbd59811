// Describes for people which [[route]] of the configuration decided about a recipient, and where it leads.

import type { RouteConfig } from '../config/config.ts';
import type { BackupConfig } from '../config/route-config.ts';
import { type DomainPattern, isBelow } from '../values/domain.ts';
import { formatRelayHost } from '../values/endpoint.ts';
import type { LocalWay } from '../values/local-way.ts';
import { mailboxWayText } from '../values/mailbox-way.ts';
import { systemWayText } from '../values/system-way.ts';
import { formatMailServer } from '../values/mail-server.ts';
import { chooserOf, withoutChoice } from '../route/choice.ts';
import { withoutCopies } from '../route/copies.ts';
import { rewritesSenders, withoutRewriting } from '../route/sender-rewriting.ts';
import { routeNameIn, withoutLogin } from '../route/plan-key.ts';
import { ruleOfTargetKey } from '../route/target-key.ts';
import type { RouteKey } from '../route/types.ts';
import { planKeyOfRoute, routeName } from '../settings/route-rules.ts';

export interface RouteDescription {
  /** As in the log: the name, or `route 2`; empty when no route names the recipient. */
  readonly name: string;
  readonly target: string;
}

/** @param key - what the routing table answered for the recipient */
export function describeRoute(
  routes: readonly RouteConfig[],
  { key, domain }: RouteKey,
  reversePath: string,
): RouteDescription {
  const isChosen = chooserOf(key) !== undefined;
  const named = isChosen ? ruleOfTargetKey(planOf(key)) : undefined;
  if (named !== undefined) return { name: '', target: named.name };
  const index = isChosen
    ? routes.findIndex(({ name = '' }) => name !== '' && name === routeNameIn(key))
    : decidingRoute(routes, { key, domain }, reversePath);
  const route = routes[index];
  return {
    name: route === undefined ? '' : routeName(route, index),
    target: route === undefined ? mxText(domain) : `${targetOf(route, domain)}${sourceText(route)}`,
  };
}

function sourceText({ sources }: RouteConfig): string {
  return sources === undefined ? '' : `, from ${sources.join(' or ')}`;
}

/** The part of a chosen route's key before its domain. */
function planOf(key: string): string {
  const bare = withoutRewriting(withoutCopies(withoutChoice(key)));
  return bare.slice(0, bare.indexOf(':'));
}

function targetOf(route: RouteConfig, domain: string): string {
  switch (route.kind) {
    case 'mx':
      return route.backup === undefined ? mxText(domain) : backupText(domain, route.backup);
    case 'error':
      return `answers ${route.error.replyCode} ${route.error.enhancedStatus} ${route.error.text}`;
    case 'lmtp': {
      const servers = route.lmtp.map(formatMailServer).join(', ');
      return `LMTP to ${route.lmtp.length === 1 ? servers : `${servers} (${route.mode})`}`;
    }
    case 'qmqp':
    case 'qmtp': {
      const servers = route.servers.map(formatMailServer).join(', ');
      const by = route.kind.toUpperCase();
      return `${by} to ${route.servers.length === 1 ? servers : `${servers} (${route.mode})`}`;
    }
    case 'pipe':
    case 'archive':
    case 'mailbox':
    case 'local':
    case 'redirect':
    case 'hold':
      return wayText(route.way);
    case 'discard':
      return 'discards the mail';
    case 'relay': {
      const hosts = route.relay.map(formatRelayHost).join(', ');
      return route.relay.length === 1 ? hosts : `${hosts} (${route.mode})`;
    }
  }
}

function wayText(way: LocalWay): string {
  switch (way.kind) {
    case 'pipe': {
      const as = way.as === undefined ? '' : ` as ${way.as.user}`;
      return `runs ${way.command.join(' ')}${as}`;
    }
    case 'archive':
      return way.place.kind === 'maildir'
        ? `is kept in the Maildir ${way.place.folder}`
        : `is kept in the file ${way.place.path}`;
    case 'mailbox':
      return `${mailboxWayText} ${way.path}${way.aliases === undefined ? '' : `, or goes on if the table "${way.aliases}" has it`}`;
    case 'local':
      return systemWayText;
    case 'redirect':
      return `goes to ${way.to.join(', ')} instead`;
    case 'hold':
      return `waits: ${way.reason}`;
  }
}

function mxText(domain: string): string {
  return domain.startsWith('[') ? `the address ${domain}` : `the MX of ${domain}`;
}

function backupText(domain: string, { as }: BackupConfig): string {
  const name = as === undefined ? 'this server' : `this server (${as})`;
  return `the MX hosts of ${domain} that are preferred to ${name}, as its backup MX`;
}

/**
 * Route keys do not tell MX routes apart, nor routes without a name that have the same target: this finds the most specific one
 * that matches, which decided.
 */
function decidingRoute(
  routes: readonly RouteConfig[],
  { key: wholeKey, domain }: RouteKey,
  reversePath: string,
): number {
  const key = withoutRewriting(withoutCopies(wholeKey));
  const isMx = key.startsWith('mx:');
  const plan = withoutLogin(key.slice(0, key.indexOf(':')));
  let best = -1;
  let bestRank = -1;
  for (const [index, route] of routes.entries()) {
    const isMeant = isMx ? route.kind === 'mx' : planKeyOfRoute(routes, route, index) === plan;
    // Two routes without names may differ in this alone.
    const isSame = isMeant && (route.srs === true) === rewritesSenders(wholeKey);
    const rank = isSame ? rankOf(route, domain, reversePath) : -1;
    if (rank > bestRank) [best, bestRank] = [index, rank];
  }
  return best;
}

/** Higher is more specific, -1: no match. The order is that of `createRouter`. */
function rankOf(route: RouteConfig, domain: string, reversePath: string): number {
  if (route.conditions !== undefined) return -1;
  if (route.domain.length === 0 && route.sender.length === 0) return 0;
  const domains = route.domain.map((pattern) => domainRank(pattern, domain));
  const senders = route.sender.map((pattern) => senderRank(pattern, reversePath.toLowerCase()));
  return Math.max(-1, ...domains, ...senders);
}

function domainRank(pattern: DomainPattern, domain: string): number {
  if (pattern.kind === 'exact') return pattern.domain === domain ? 100_000 : -1;
  return isBelow(domain, pattern.domain) ? 1_000 + pattern.domain.length : -1;
}

function senderRank(pattern: RouteConfig['sender'][number], sender: string): number {
  switch (pattern.kind) {
    case 'null':
      return sender === '' ? 3 : -1;
    case 'mailbox':
      return `${pattern.localPart}@${pattern.domain}`.toLowerCase() === sender ? 3 : -1;
    case 'domain':
      return sender.endsWith(`@${pattern.domain}`) ? 2 : -1;
  }
}
