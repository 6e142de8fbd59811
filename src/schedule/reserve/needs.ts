// The limits that a task needs wherever it goes: those of its recipients' domains, of its tenant and of its queue.

import { Dimension } from '../store/counters.ts';
import { dropLimits, holdLimits } from './held-limits.ts';
import { isLocalSite } from './local-ways.ts';
import type { HeldLimits } from '../store/place.ts';
import type { Needs } from '../store/task-needs.ts';
import type { TaskFacts } from '../limits/types.ts';
import type { State } from '../state.ts';

/** Routes that wait or have nothing to do, and still hold their limits: at most so many. */
export const mostAtRest = 1024;

/** What limits look at in the messages of a route. */
export function taskFacts(s: State, route: number): TaskFacts {
  return {
    domain: s.routes.domainOf(route),
    tenant: s.tenants.nameOf(s.routes.tenantOf(route)),
    queue: s.config.queues?.[s.routes.store.get(route)]?.name,
  };
}

/** The limits of the route's messages, looked up if they are not known. */
export function limitsOf(s: State, route: number, nowMs: number): HeldLimits {
  const known = s.routes.limits.get(route);
  if (known !== undefined) return known;
  const limits = holdLimits(s, s.limits.ofTask(taskFacts(s, route)), Dimension.task, nowMs);
  s.routes.limits.set(route, limits);
  return limits;
}

/**
 * The route waits or has nothing to do. Its limits are kept, because it may go on soon. Of many routes that would cost too
 * much memory: then the route that has rested longest gives its limits back.
 */
export function restLimits(s: State, route: number): void {
  const { limitsAtRest } = s;
  if (!s.routes.limits.has(route)) return;
  limitsAtRest.delete(route);
  limitsAtRest.add(route);
  if (limitsAtRest.size <= mostAtRest) return;
  const [eldest = route] = limitsAtRest;
  forgetLimits(s, eldest);
}

/** Routes that rest give their counters back. */
export function forgetLimitsAtRest(s: State): void {
  for (const route of s.limitsAtRest) forgetLimits(s, route);
}

/** The route gives its counters back. */
export function forgetLimits(s: State, route: number): void {
  s.limitsAtRest.delete(route);
  for (const known of [s.routes.limits, s.pairLimits.byRoute]) {
    const limits = known.get(route);
    if (limits === undefined) continue;
    known.delete(route);
    dropLimits(s, limits);
  }
}

/**
 * Fills `s.needs` with what holds for the task wherever it goes. Returns false when the recipients' routes do not lead to
 * one site (any more), so that the task has to be formed anew.
 */
export function collectNeeds(s: State, task: number, route: number, nowMs: number): boolean {
  const { needs, recipients, routes } = s;
  needs.clear();
  const site = routes.site.get(route);
  for (let next = s.tasks.firstRecipient.get(task); next >= 0; next = recipients.next.get(next)) {
    const other = recipients.route.get(next);
    needs.recipients++;
    const at = needs.routes.indexOf(other);
    if (at !== -1) {
      needs.routeRecipients[at] = (needs.routeRecipients[at] ?? 0) + 1;
      continue;
    }
    if (other !== route && (!routes.hasRelay(other, nowMs) || routes.site.get(other) !== site)) return false;
    needs.routes.push(other);
    needs.routeRecipients.push(1);
  }
  const [only] = needs.routes;
  needs.messagesPerConnection = s.config.transactionsPerConnection;
  needs.recipientsPerMessage = mostRecipients(s, site);
  for (const [at, each] of needs.routes.entries()) {
    const limits = limitsOf(s, each, nowMs);
    if (isLocalSite(s, site)) addStops(s, limits);
    else addLimits(needs, limits, needs.routeRecipients[at] ?? 0, each === only);
  }
  return true;
}

/** The most recipients in a transaction at a site, before limits. @param site - of a route that has a plan */
function mostRecipients(s: State, site: number): number {
  const { recipientsPerTransaction } = s.config;
  return Math.min(
    recipientsPerTransaction,
    s.sites.planOf(site).recipientsPerTransaction ?? recipientsPerTransaction,
  );
}

/** Fills `s.needs` with what would hold for a message to one recipient of a route. */
export function needsOfOne(s: State, route: number, nowMs: number): void {
  const { needs } = s;
  needs.clear();
  needs.recipients = 1;
  needs.routes.push(route);
  needs.routeRecipients.push(1);
  needs.messagesPerConnection = s.config.transactionsPerConnection;
  needs.recipientsPerMessage = s.config.recipientsPerTransaction;
  const site = s.routes.site.get(route);
  const limits = limitsOf(s, route, nowMs);
  if (site >= 0 && isLocalSite(s, site)) addStops(s, limits);
  else addLimits(needs, limits, 1, true);
}

/** For mail that stays on this host. */
function addStops({ counters, needs }: State, limits: HeldLimits): void {
  for (const counter of limits.slots) {
    if (counters.limit.get(counter) === 0 && !needs.slots.includes(counter)) needs.slots.push(counter);
  }
}

function addLimits(needs: Needs, limits: HeldLimits, recipients: number, isFirst: boolean): void {
  addTo(needs.slots, limits.slots, isFirst);
  addTo(needs.connectionGates, limits.connectionGates, isFirst);
  addTo(needs.messageGates, limits.messageGates, isFirst);
  for (const gate of limits.recipientGates) {
    const at = needs.recipientGates.indexOf(gate);
    if (at === -1) {
      needs.recipientGates.push(gate);
      needs.gateRecipients.push(recipients);
    } else {
      needs.gateRecipients[at] = (needs.gateRecipients[at] ?? 0) + recipients;
    }
  }
  needs.messagesPerConnection = Math.min(needs.messagesPerConnection, limits.messagesPerConnection);
  needs.recipientsPerMessage = Math.min(needs.recipientsPerMessage, limits.recipientsPerMessage);
}

function addTo(list: number[], counters: readonly number[], isFirst: boolean): void {
  for (const counter of counters) if (isFirst || !list.includes(counter)) list.push(counter);
}
