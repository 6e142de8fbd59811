// The router's answer: the plan of a route. Mail that waited for it goes on, or fails as the plan says.

import type { RoutePlan } from '../../route/types.ts';
import { forgetPlaces } from '../reserve/places.ts';
import type { State } from '../state.ts';
import { PlanState } from '../store/routes.ts';
import { detachSite } from '../work/forget.ts';
import { endAsking } from '../work/gather.ts';
import { planInQueue } from '../work/queue-way.ts';
import { makeRunnable, stopRoute } from '../work/lifecycle.ts';

/** Minimum lifetime of a plan, so that one that arrives expired is not requested in a loop. */
const shortestPlanMs = 1_000;
/** Maximum lifetime of a plan, also of one that needs no look-up and so never expires by itself. */
const longestPlanMs = 30 * 86_400_000;

/** @param name - of the route; see `RouteStore.nameOf` */
export function planArrived(s: State, name: string, plan: RoutePlan, nowMs: number): void {
  const route = s.routes.find(name);
  if (route < 0) return;
  const before = s.routes.site.get(route);
  if (plan.kind === 'relay') {
    const site = s.sites.intern(planInQueue(s, route, plan));
    forgetPlaces(s, site);
    s.sites.references.add(site, 1);
    if (before >= 0) detachSite(s, route);
    s.routes.site.set(route, site);
    s.routes.plan.set(route, PlanState.relay);
    s.routes.errorPlans.delete(route);
  } else {
    stopRoute(s, route);
    s.routes.plan.set(route, PlanState.error);
    s.routes.errorPlans.set(route, plan);
  }
  s.routes.validUntilMs.set(route, validUntil(plan, nowMs));
  endAsking(s, route, nowMs);
  makeRunnable(s, route);
}

function validUntil({ validUntilMs }: RoutePlan, nowMs: number): number {
  return Math.min(Math.max(validUntilMs, nowMs + shortestPlanMs), nowMs + longestPlanMs);
}
