// The route of one recipient by its message, the tables of routes and the [[route]] tables: a copy for an archive, a route that a stage chose, one
// that a table names, or the usual one.

import { chosenBy } from '../route/choice.ts';
import { asCopy } from '../route/copies.ts';
import { withDemand } from '../route/security/demand.ts';
import type { RouteKey, Router } from '../route/types.ts';
import type { TlsDemand } from '../values/tls-policy.ts';
import type { RouterInForce } from './ports.ts';
import type { FoundWay, WaySubject } from './ways/ways.ts';

/** What routes depend on. */
export interface RoutedRecipient extends WaySubject {
  readonly tlsDemand: TlsDemand | undefined;
  /** It gets a copy for an archive. */
  readonly isCopy: boolean;
  /** The name of the route that a stage chose for it. */
  readonly chosen: string | undefined;
}

/** The route, or why it cannot be told now. */
export type RouteOrReason = { readonly route: RouteKey } | { readonly reason: string };

/** The route by the [[route]] tables alone. */
export function routeFor(
  router: Pick<Router, 'routeNamed' | 'routeOf'>,
  { reversePath, tlsDemand, address, isCopy, chosen }: Omit<RoutedRecipient, 'tenant'>,
): RouteKey {
  const found =
    chosen === undefined
      ? router.routeOf(reversePath, address)
      : router.routeNamed(chosen, reversePath, address);
  const route = isCopy ? asCopy(found) : found;
  return withDemand(chosen === undefined ? route : chosenBy('stage', route), tlsDemand);
}

/** The route by all that decides, except plugins. A promise where a table has to be waited for. */
export function wayFor(
  { router, ways }: RouterInForce,
  recipient: RoutedRecipient,
): RouteOrReason | Promise<RouteOrReason> {
  if (ways === undefined || recipient.chosen !== undefined) return { route: routeFor(router, recipient) };
  const found = ways.of(router, recipient);
  return found instanceof Promise
    ? found.then((known) => routeBy(known, recipient))
    : routeBy(found, recipient);
}

function routeBy(found: FoundWay, { isCopy, tlsDemand }: RoutedRecipient): RouteOrReason {
  if (found.kind === 'unknown') return found;
  const route = isCopy ? asCopy(found.route) : found.route;
  return { route: withDemand(found.table === undefined ? route : chosenBy('table', route), tlsDemand) };
}
