// Which limits a task needs besides those of its address: one counter for each of its recipients' domains.
// A limit in another dimension of the recipient is one more counter here; one of the connection, in choose-address.ts.

import { Dimension } from './counters.ts';
import type { State } from './state.ts';

/** The counter of the route's domain, made if there is none. */
export function domainCounterOf(s: State, route: number): number {
  const known = findDomainCounter(s, route);
  if (known >= 0) return known;
  const counter = s.counters.open(Dimension.domain, s.routes.domainOf(route), s.config.limits.perDomain);
  return remember(s, route, counter);
}

/** The counter of the route's domain; -1 when there is none, so that nothing is used. */
function findDomainCounter(s: State, route: number): number {
  const known = s.routes.domainCounter.get(route);
  if (known >= 0) return known;
  const counter = s.counters.find(Dimension.domain, s.routes.domainOf(route));
  return counter < 0 ? -1 : remember(s, route, counter);
}

/** The route gives its counter back. */
export function forgetDomainCounter(s: State, route: number): void {
  const counter = s.routes.domainCounter.get(route);
  if (counter < 0) return;
  s.routes.domainCounter.set(route, -1);
  s.counters.references.add(counter, -1);
  s.counters.mayBeUnused(counter);
}

/**
 * Fills `s.needed` with the counters of the task's domains. For a task of one route whose domain has no counter yet it
 * stays empty: a parked route must cost nothing. Returns false when the recipients' routes do not lead to one site (any
 * more), so that the task has to be formed anew.
 */
export function collectNeeds(s: State, task: number, route: number, nowMs: number): boolean {
  const { needed, recipients, routes } = s;
  needed.clear();
  const first = s.tasks.firstRecipient.get(task);
  let next = recipients.next.get(first);
  if (next < 0) {
    const counter = s.config.limits.perDomain > 0 ? findDomainCounter(s, route) : domainCounterOf(s, route);
    if (counter >= 0) needed.push(counter);
    return true;
  }
  const site = routes.site.get(route);
  let previous = route;
  needed.push(domainCounterOf(s, route));
  for (; next >= 0; next = recipients.next.get(next)) {
    const other = recipients.route.get(next);
    if (other === previous) continue;
    previous = other;
    if (other === route) continue;
    if (!routes.hasRelay(other, nowMs) || routes.site.get(other) !== site) return false;
    const counter = domainCounterOf(s, other);
    if (!needed.includes(counter)) needed.push(counter);
  }
  return true;
}

function remember(s: State, route: number, counter: number): number {
  s.routes.domainCounter.set(route, counter);
  s.counters.references.add(counter, 1);
  return counter;
}
