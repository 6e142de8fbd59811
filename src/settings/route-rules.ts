// Converts [[route]] tables to the routing table: one rule for each domain or sender that a route names.

import type { Config, CredentialConfig, RouteConfig } from '../config/config.ts';
import { formatDomainPattern } from '../values/domain.ts';
import { planKey } from '../route/plan-key.ts';
import type { Alternative, RouteMatch, RouteRule, RouteTarget, RuleLogin } from '../route/route-rule.ts';
import { hopLogin } from './credentials.ts';

/** What routes are made of: `credential` are those that routes refer to, `stage` those that choose routes, `schedule` those that name them. */
export type RouteTables = Pick<Config, 'route'> & Partial<Pick<Config, 'credential' | 'schedule' | 'stage'>>;

/**
 * The rules of a configuration. A route to a content filter matches nothing: mail that is back from the filter would go to it again, and again.
 * The filter is told which client mail came from.
 */
export function routeRules({
  route: routes,
  credential: credentials = [],
  schedule = [],
  stage = [],
}: RouteTables): RouteRule[] {
  const toFilters = new Set(stage.flatMap((each) => (each.kind === 'content-filter' ? [each.route] : [])));
  const withTimes = new Set(schedule.flatMap((each) => each.route ?? []));
  return routes.flatMap((route, index) => {
    const { name, isUnnamed } = namesOf(route, index);
    const target = targetOf(route);
    const logins = loginsOf(route, credentials);
    const otherwise = otherwiseOf(route, routes, credentials);
    const { header, priority, sources, srs, verp } = route;
    const rewritesSenders = srs;
    const isToFilter = route.name !== undefined && toFilters.has(route.name);
    const tellsClient = isToFilter || undefined;
    const matches: RouteMatch[] =
      route.conditions !== undefined || isToFilter ? [{ kind: 'chosen' }] : matchesOf(route);
    const isTold = route.kind === 'mx' && withTimes.has(name) ? true : undefined;
    return matches.map((match) => ({
      name,
      isUnnamed,
      match,
      target,
      otherwise,
      header,
      logins,
      isTold,
      priority,
      rewritesSenders,
      sources,
      tellsClient,
      verp,
    }));
  });
}

/** The smarthosts behind all MX hosts. */
export function fallbackOf({ deliver }: Pick<Config, 'deliver'>): Alternative | undefined {
  const { fallbackRelay: hosts } = deliver;
  return hosts && { kind: 'smarthost', hosts, mode: 'failover' };
}

/** First the hosts that the route names itself, then those of the routes behind it; undefined for none. */
function otherwiseOf(
  route: RouteConfig,
  routes: readonly RouteConfig[],
  credentials: readonly CredentialConfig[],
): readonly Alternative[] | undefined {
  const found: Alternative[] = [];
  const seen = new Set<RouteConfig>();
  for (let at: RouteConfig | undefined = route; at !== undefined && !seen.has(at);) {
    seen.add(at);
    if (at !== route && at.kind === 'relay') {
      const [login] = loginsOf(at, credentials);
      found.push({ kind: 'smarthost', hosts: at.relay, mode: at.mode, tls: at.tls, login: login?.login });
    }
    if (at.fallbackRelay !== undefined)
      found.push({ kind: 'smarthost', hosts: at.fallbackRelay, mode: 'failover' });
    const next: string | undefined = at.else;
    at = next === undefined ? undefined : routes.find(({ name }) => name === next);
  }
  return found.length === 0 ? undefined : found;
}

function loginsOf(route: RouteConfig, credentials: readonly CredentialConfig[]): readonly RuleLogin[] {
  if (route.kind !== 'relay') return [];
  return (route.credential ?? []).flatMap((name) => {
    const found = credentials.find((each) => each.name === name);
    return found === undefined ? [] : [{ login: hopLogin(found), senders: found.sender.map(senderText) }];
  });
}

/** The names of routes: those that a stage or a plugin may choose. */
export function routeNames(routes: readonly RouteConfig[]): ReadonlySet<string> {
  return new Set(routes.flatMap(({ name }) => name ?? []));
}

/** What people are told: the route's name, or `route 2` for the second of the configuration. */
export function routeName(route: RouteConfig, index: number): string {
  return route.name ?? `route ${index + 1}`;
}

/** The part of a route key that stands for this route (`planKey`). */
export function planKeyOfRoute(routes: readonly RouteConfig[], route: RouteConfig, index: number): string {
  const otherwise = otherwiseOf(route, routes, []);
  const { header, sources } = route;
  return planKey({ ...namesOf(route, index), target: targetOf(route), otherwise, header, sources });
}

function namesOf(route: RouteConfig, index: number) {
  return { name: routeName(route, index), isUnnamed: route.name === undefined };
}

function matchesOf(route: RouteConfig): RouteMatch[] {
  const matches: RouteMatch[] = [
    ...route.domain.map((pattern): RouteMatch =>
      pattern.kind === 'suffix'
        ? { kind: 'suffix', suffix: formatDomainPattern(pattern) }
        : { kind: 'domain', domain: pattern.domain },
    ),
    ...route.sender.map((pattern): RouteMatch => ({ kind: 'sender', sender: senderText(pattern) })),
  ];
  return matches.length === 0 ? [{ kind: 'default' }] : matches;
}

function senderText(pattern: RouteConfig['sender'][number]): string {
  switch (pattern.kind) {
    case 'null':
      return '<>';
    case 'mailbox':
      return `${pattern.localPart}@${pattern.domain}`;
    case 'domain':
      return pattern.domain;
  }
}

function targetOf(route: RouteConfig): RouteTarget {
  switch (route.kind) {
    case 'mx':
      return { kind: 'mx' };
    case 'relay':
      return { kind: 'smarthost', hosts: route.relay, mode: route.mode, tls: route.tls };
    case 'lmtp':
      return { kind: 'lmtp', servers: route.lmtp, mode: route.mode, tls: route.tls };
    case 'qmqp':
    case 'qmtp':
      return { kind: route.kind, servers: route.servers, mode: route.mode, tls: route.tls };
    case 'discard':
      return { kind: 'discard' };
    case 'pipe':
    case 'archive':
    case 'mailbox':
    case 'local':
    case 'redirect':
    case 'hold':
      return route.way;
    case 'error':
      return { kind: 'error', ...route.error };
  }
}
