// Forgetting routes that nobody needs: no recipient names them, and no connection has carried their mail. What a route
// knows besides is its plan, which the router keeps, too. So a manager that has seen a million domains is no larger than
// one that has seen as many as wait.

import { stopRoute } from './lifecycle.ts';
import { forgetLimits } from '../reserve/needs.ts';
import { releaseSite } from '../reserve/places.ts';
import { PlanState } from '../store/routes.ts';
import type { State } from '../state.ts';

/** Up to so many routes, those without mail are kept until their plans expire. */
const mostAtRest = 10_000;
/** Rows that are looked at in each call beyond that: a call makes few routes, so that these keep up. */
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

/** Mail, connections or a look-up that is under way name the route. */
export function isNeeded(s: State, route: number): boolean {
  const { routes } = s;
  return (
    routes.recipients.get(route) > 0 ||
    routes.connections.get(route) > 0 ||
    routes.plan.get(route) === PlanState.resolving
  );
}

/** The route has no plan any more, nor what follows from one. */
export function endPlan(s: State, route: number): void {
  forgetLimits(s, route);
  detachSite(s, route);
  s.routes.errorPlans.delete(route);
  s.routes.plan.set(route, PlanState.none);
}

/** The route has no site any more. */
export function detachSite(s: State, route: number): void {
  stopRoute(s, route);
  const site = s.routes.site.get(route);
  if (site < 0) return;
  s.routes.site.set(route, -1);
  releaseSite(s, site);
}
