// The limits of routes whose mail stays on this host: how many runs there are at once, one recipient a run.

import type { Config, RouteConfig } from '../config/config.ts';
import { siteOfWay } from '../route/local-ways.ts';
import { sitesOfProvisionedHolds } from '../route/provisioned-holds.ts';
import type { LimitRule } from '../schedule/limits/types.ts';
import { planKeyOfRoute, routeName } from './route-rules.ts';

/** The sites of such routes, by the names of the routes. */
export function sitesOfRoutes(routes: readonly RouteConfig[]): ReadonlyMap<string, string> {
  const sites = new Map<string, string>();
  for (const [index, route] of routes.entries())
    if ('way' in route) sites.set(routeName(route, index), siteOfWay(planKeyOfRoute(routes, route, index)));
  return sites;
}

/** One limit for each such route; routes without a name and with the same target are one site. */
export function wayRules(routes: readonly RouteConfig[]): readonly LimitRule[] {
  const rules = new Map<string, LimitRule>();
  for (const [index, route] of routes.entries()) {
    if (!('way' in route)) continue;
    const site = siteOfWay(planKeyOfRoute(routes, route, index));
    const { way, atOnce } = route;
    rules.set(site, {
      id: `at once: ${site}`,
      name: '',
      origin: `${way.kind === 'hold' ? 'hold' : 'at_once'} of ${routeName(route, index)}`,
      per: ['site'],
      match: { site: [site] },
      isOverride: false,
      connections: atOnce,
      // Others must not wait, or get it twice, because of one run that takes long or breaks off.
      ...((way.kind === 'pipe' || way.kind === 'local') && { recipientsPerMessage: 1 }),
      ...(way.kind === 'hold' && { reason: way.reason }),
    });
  }
  return [...rules.values()];
}

/** The holds of domains by their records. */
export function provisioningRules({ provisioning }: Pick<Config, 'provisioning'>): readonly LimitRule[] {
  if (provisioning.table === undefined) return [];
  return sitesOfProvisionedHolds().map(({ site, reason }) => ({
    id: `at once: ${site}`,
    name: '',
    origin: 'provisioning',
    per: ['site'],
    match: { site: [site] },
    isOverride: false,
    connections: 0,
    reason,
  }));
}
