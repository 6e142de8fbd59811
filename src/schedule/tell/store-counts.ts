// Recipients in the queue by the store that keeps them, counted route by route: cheap also with very many recipients.

import { tasksOnTheWay } from '../reserve/on-the-way.ts';
import { recipientsOf } from '../work/lifecycle.ts';
import type { State } from '../state.ts';
import type { StoreCount } from '../store/queued-types.ts';

/** By the number of the store; a store without mail may be missing. */
export function storeCounts(s: State): StoreCount[] {
  const { connections, recipients, routes } = s;
  const counts: { waiting: number; ready: number; active: number }[] = [];
  const countOf = (route: number): (typeof counts)[number] =>
    (counts[routes.store.get(route)] ??= { waiting: 0, ready: 0, active: 0 });
  for (let route = 0; route < routes.end; route++) {
    if (!routes.isKnown(route)) continue;
    const count = countOf(route);
    const ready = routes.ready.get(route);
    count.ready += ready;
    count.waiting += routes.recipients.get(route) - ready;
  }
  for (let connection = 0; connection < connections.end; connection++) {
    if (!connections.isLive(connection)) continue;
    for (const recipient of tasksOnTheWay(s, connection).flatMap((task) => recipientsOf(s, task))) {
      const count = countOf(recipients.route.get(recipient));
      count.active++;
      count.waiting--;
    }
  }
  return counts;
}
