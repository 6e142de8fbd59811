// Warns of routes that lead back to this server: to one of its listeners, or by redirections that lead to each other. What DNS and tables decide is
// found when mail takes that way.

import { DomainTable } from '../../values/domain-table.ts';
import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import type { RouteConfig } from '../route-config.ts';
import { ownTargets } from './own-targets.ts';

export function loopWarnings({ hostname, listen, route, stage }: Config): ConfigWarning[] {
  const toFilters = new Set(stage.flatMap((each) => (each.kind === 'content-filter' ? [each.route] : [])));
  const leadingBack = route.flatMap((each, index) =>
    each.name !== undefined && toFilters.has(each.name)
      ? []
      : ownTargets(each, { hostname, listen }).map(({ at, key, shown }) => ({
          path: ['route', index, key, at],
          message: `Sluice itself listens at ${shown}: mail would come back for ever, so none goes there, and without another server it waits (4.3.5); write the address of another server`,
        })),
  );
  return [...leadingBack, ...circles(route)];
}

/** Redirections by which mail comes to an address for a second time. */
function circles(routes: readonly RouteConfig[]): ConfigWarning[] {
  const routeOf = routesByAddress(routes);
  return routes.flatMap((route, index) =>
    targetsOf(route).flatMap((to, at) => {
      const circle = circleFrom(to, routeOf);
      if (circle === undefined) return [];
      const message = `mail to ${to} goes in a circle (${circle.join(' to ')}), and is returned to its sender (5.4.6); let one of the routes lead out, or give the address at its end a route of its own`;
      return [{ path: ['route', index, 'redirect', at], message }];
    }),
  );
}

function targetsOf(route: RouteConfig | undefined): readonly string[] {
  return route?.kind === 'redirect' && route.way.kind === 'redirect' ? route.way.to : [];
}

/** The addresses from the first to the one that comes again; undefined: there is a way out, by every branch. */
function circleFrom(
  first: string,
  routeOf: (address: string) => RouteConfig | undefined,
): readonly string[] | undefined {
  const done = new Set<string>();
  const walk = (address: string, way: readonly string[]): readonly string[] | undefined => {
    const key = address.toLowerCase();
    if (way.some((each) => each.toLowerCase() === key)) return [...way, address];
    if (done.has(key)) return undefined;
    done.add(key);
    for (const next of targetsOf(routeOf(address))) {
      const circle = walk(next, [...way, address]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  return walk(first, []);
}

/** The route of an address, where no more than the address decides: routes that look at recipients first, then domains, then the default. */
function routesByAddress(routes: readonly RouteConfig[]): (address: string) => RouteConfig | undefined {
  const byDomain = new DomainTable<RouteConfig>();
  for (const route of routes)
    if (route.conditions === undefined) for (const pattern of route.domain) byDomain.set(pattern, route);
  const otherwise = routes.find(
    ({ conditions, domain, sender }) =>
      conditions === undefined && domain.length === 0 && sender.length === 0,
  );
  const byRecipient = routes.filter(looksAtRecipientsAlone);
  return (address) => {
    const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
    const named = byRecipient.find(({ conditions }) =>
      conditions?.recipient?.some((each) => isMeant(each, address)),
    );
    return named ?? byDomain.mostSpecific(domain) ?? otherwise;
  };
}

function looksAtRecipientsAlone({ conditions, domain, sender }: RouteConfig): boolean {
  if (conditions === undefined || domain.length > 0 || sender.length > 0) return false;
  const { recipient, ...others } = conditions;
  return recipient !== undefined && Object.values(others).every((other) => other === undefined);
}

function isMeant(
  pattern: NonNullable<NonNullable<RouteConfig['conditions']>['recipient']>[number],
  address: string,
): boolean {
  const wanted = address.toLowerCase();
  switch (pattern.kind) {
    case 'null':
      return false;
    case 'mailbox':
      return `${pattern.localPart}@${pattern.domain}`.toLowerCase() === wanted;
    case 'domain':
      return wanted.endsWith(`@${pattern.domain.toLowerCase()}`);
  }
}
