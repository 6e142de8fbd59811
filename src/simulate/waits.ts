// What ready mail waits for, read from the scheduler's state: for each route that is parked, the limit that it is parked
// on, in a few words that stay the same over time.

import { limitText } from '../schedule/tell/blocker-text.ts';
import { Dimension } from '../schedule/store/counters.ts';
import { PlanState } from '../schedule/store/routes.ts';
import type { State } from '../schedule/state.ts';

const units = new Map([
  [1_000, 's'],
  [60_000, 'min'],
  [3_600_000, 'hour'],
  [86_400_000, 'day'],
]);

/** Tells each route with ready mail by its domain. Returns how many rows were looked at. */
export function tellWaits(s: State, tell: (domain: string, what: string) => void): number {
  const { parking, routes } = s;
  for (let route = 0; route < routes.end; route++) {
    if (!routes.isKnown(route) || routes.firstTask.get(route) < 0) continue;
    if (routes.plan.get(route) === PlanState.resolving) tell(routes.domainOf(route), 'DNS');
    else if (parking.isParked(route)) {
      const counter = parking.countersOf(route).at(-1);
      if (counter !== undefined) tell(routes.domainOf(route), whatIs(s, counter));
    }
  }
  return routes.end;
}

function whatIs(s: State, counter: number): string {
  const { counters } = s;
  const limit = counters.limit.get(counter);
  const applied = counters.limitOf(counter);
  switch (counters.dimension.get(counter)) {
    case Dimension.global:
      return counter === s.localCounter ? `max_local (${limit})` : `max_connections (${limit})`;
    case Dimension.probe:
      return 'rest of failed addresses';
    case Dimension.window:
      return 'adaptation';
    case Dimension.hours:
      return `windows of ${s.hours.closedOn(counter).rule.name}`;
    case Dimension.gate: {
      if (applied === undefined) return 'a rate';
      const { count, perMs } = s.rates.rateOf(counter);
      return `${limitText(applied)}: ${s.rates.quantityOf(counter)} ${count}/${units.get(perMs) ?? `${perMs / 1000} s`}`;
    }
    default:
      if (applied === undefined) return 'a limit';
      return limit === 0 ? `${limitText(applied)} is on hold` : `${limitText(applied)} (${limit})`;
  }
}
