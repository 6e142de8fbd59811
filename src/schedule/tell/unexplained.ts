// Mail that is ready and waits although nothing is known to keep it waiting. There should never be any: this finds faults of
// Sluice, so that administrators hear of them before their users do. It looks at each route once, not at its mail.

import { PlanState } from '../store/routes.ts';
import type { State } from '../state.ts';
import type { UnexplainedWait } from '../types.ts';

/**
 * The first message of each route that has ready mail, waits for no limit, rate, rest, suspension or window, and has
 * waited before this call; at most so many of them.
 */
export function unexplainedWaits(s: State, most: number): UnexplainedWait[] {
  const found: UnexplainedWait[] = [];
  const { routes, parking, tasks, messages } = s;
  for (let route = 0; route < routes.end && found.length < most; route++) {
    if (!routes.isKnown(route) || routes.ready.get(route) === 0 || parking.isParked(route)) continue;
    const task = routes.firstTask.get(route);
    if (task < 0) continue;
    const queueId = messages.queueIdOf(tasks.messageOf(task));
    const isResolving = routes.plan.get(route) === PlanState.resolving;
    found.push({ queueId, domain: routes.domainOf(route), isResolving });
  }
  return found;
}
