// The route of one recipient by its message and the routing table: a copy for an archive, a route that a stage chose, or the usual one.

import { chosenBy } from '../route/choice.ts';
import { asCopy } from '../route/copies.ts';
import { withDemand } from '../route/security/demand.ts';
import type { RouteKey, Router } from '../route/types.ts';
import type { TlsDemand } from '../values/tls-policy.ts';

/** What routes depend on. */
export interface RoutedRecipient {
  readonly reversePath: string;
  readonly tlsDemand: TlsDemand | undefined;
  readonly address: string;
  /** It gets a copy for an archive. */
  readonly isCopy: boolean;
  /** The name of the route that a stage chose for it. */
  readonly chosen: string | undefined;
}

export function routeFor(
  router: Pick<Router, 'routeNamed' | 'routeOf'>,
  { reversePath, tlsDemand, address, isCopy, chosen }: RoutedRecipient,
): RouteKey {
  const found =
    chosen === undefined
      ? router.routeOf(reversePath, address)
      : router.routeNamed(chosen, reversePath, address);
  const route = isCopy ? asCopy(found) : found;
  return withDemand(chosen === undefined ? route : chosenBy('stage', route), tlsDemand);
}
