// Forgetting routes that no recipient and no connection names. All that a route knows besides is its plan, which the router
// keeps as well. So the memory of the manager depends on the domains that have mail now, not on those seen so far.

import { stopRoute } from './lifecycle.ts';
import { forgetLimits } from '../reserve/needs.ts';
import { releaseSite } from '../reserve/places.ts';
import { PlanState } from '../store/routes.ts';
import type { State } from '../state.ts';

/** Up to this number of routes, those without mail are kept until their plans expire. */
const mostAtRest = 10_000;
/** Rows that are looked at in each call above that number: a call makes fewer routes than this, so that the sweep keeps up. */
const lookedAt = 4;

/** Forgets a few routes without mail when there are very many, in turn. */
export function forgetIdleRoutes(s: State): void {
  const { routes } = s;
  if (routes.live <= mostAtRest) return;
  for (let count = lookedAt; count > 0; count--) {
    s.forgetAt = s.forgetAt + 1 >= routes.end ? 0 : s.forgetAt + 1;
    const route = s.forgetAt;
    if (!routes.isKnown(route) || isNeeded(s, route)) continue;
    endPlan(s, route);
    routes.forget(route);
  }
}

/** Is the route named by mail, by connections, or by a look-up that is under way? */
export function isNeeded(s: State, route: number): boolean {
  const { routes } = s;
  return (
    routes.recipients.get(route) > 0 ||
    routes.connections.get(route) > 0 ||
    routes.plan.get(route) === PlanState.resolving
  );
}

/** Ends the route's plan, with its limits and its site. */
export function endPlan(s: State, route: number): void {
  forgetLimits(s, route);
  detachSite(s, route);
  s.routes.errorPlans.delete(route);
  s.routes.plan.set(route, PlanState.none);
}

/** Takes the route's site away. */
export function detachSite(s: State, route: number): void {
  stopRoute(s, route);
  const site = s.routes.site.get(route);
  if (site < 0) return;
  s.routes.site.set(route, -1);
  releaseSite(s, site);
}
