// Converts [[route]] tables to the routing table: one rule for each domain or sender that a route names.

import type { RouteConfig } from '../config/config.ts';
import { formatDomainPattern } from '../values/domain.ts';
import type { RouteMatch, RouteRule, RouteTarget } from '../route/route-rule.ts';

export function routeRules(routes: readonly RouteConfig[]): RouteRule[] {
  return routes.flatMap((route, index) => {
    const name = route.name ?? `route ${index + 1}`;
    const target = targetOf(route);
    const { priority } = route;
    return matchesOf(route).map((match) => ({ name, match, target, priority }));
  });
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
      return { kind: 'smarthost', hosts: route.relay, mode: route.mode };
    case 'error':
      return { kind: 'error', ...route.error };
  }
}
