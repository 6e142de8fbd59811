// The answer to `sluice explain`: everything that keeps mail of a domain waiting, or would.

import type { RelayPlan } from '../../route/types.ts';
import { Health } from '../store/addresses.ts';
import { blockerText, globalCauses } from './blocker-text.ts';
import { choosePlace } from '../grant/choose-place.ts';
import { gateStatus, slotStatus } from './counter-status.ts';
import { isLocalSite, totalCounterOf } from '../reserve/local-ways.ts';
import { closedConnectionGate, closedGate, holdPairLimits } from '../reserve/gates.ts';
import { counterOfNew } from '../reserve/unanswered.ts';
import { dropLimits } from '../reserve/held-limits.ts';
import { hoursOf, isClosed } from '../work/task-times.ts';
import { recipientsOf, routeOf } from '../work/lifecycle.ts';
import type { CounterStatus, Explanation, PlaceStatus, WindowStatus } from '../limits/status.ts';
import { forgetLimits, limitsOf, needsOfOne } from '../reserve/needs.ts';
import { releaseSite, forgetPlaces, placesOf } from '../reserve/places.ts';
import type { HeldLimits, Place } from '../store/place.ts';
import { findIdle, findWithRoom } from '../grant/find-connection.ts';
import { scheduledKeys } from './scheduled-keys.ts';
import { shownDateOf, timesOf, type State } from '../state.ts';
import { planInQueue } from '../work/queue-way.ts';
import { usual } from '../times/mail-times.ts';
import { PlanState } from '../store/routes.ts';
import { TaskState } from '../store/tasks.ts';
import { blockerTexts } from './view.ts';

/**
 * Explains where one more message of a route would go now, and what would hold it up. A route that is not known is forgotten
 * again: nothing is changed.
 */
export function explainRoute(
  s: State,
  key: string,
  domain: string,
  tenant: string,
  plan: RelayPlan,
  nowMs: number,
): Explanation {
  s.hours.pass(nowMs + s.dateShiftMs);
  const { connections, plan: plans, recipients } = s.routes;
  const route = s.routes.intern(key, domain, s.tenants.intern(tenant, 0), 0);
  const explanation = explained(s, route, plan, nowMs);
  const isNamed = recipients.get(route) > 0 || connections.get(route) > 0;
  if (!isNamed && plans.get(route) === PlanState.none) s.routes.forget(route);
  return explanation;
}

function explained(s: State, route: number, given: RelayPlan, nowMs: number): Explanation {
  const plan = planInQueue(s, route, given);
  const site = s.sites.intern(plan);
  s.sites.references.add(site, 1);
  const explanation: Explanation = {
    route: s.routes.keyOf(route),
    domain: s.routes.domainOf(route),
    tenant: s.tenants.nameOf(s.routes.tenantOf(route)),
    ...workOf(s, route),
    site: plan.site,
    label: plan.label,
    limits: isLocalSite(s, site) ? [] : statusesOf(s, limitsOf(s, route, nowMs), nowMs),
    places: placesOf(s, site, nowMs).map((place) => placeStatus(s, route, place, nowMs)),
    ...(timesOf(s, route) !== s.times.at(usual) && { schedule: scheduledKeys(s, route) }),
    binding: bindingOf(s, route, site, nowMs),
  };
  forgetLimits(s, route);
  if (s.sites.connections.get(site) === 0) forgetPlaces(s, site);
  releaseSite(s, site);
  return explanation;
}

function workOf(s: State, route: number): Pick<Explanation, 'recipients' | 'nextAttemptAtMs'> {
  const counts = { waiting: 0, ready: 0, active: 0 };
  let nextAttemptAtMs = Infinity;
  for (let task = 0; task < s.tasks.end; task++) {
    const state = s.tasks.state.get(task);
    if (state === TaskState.free || routeOf(s, task) !== route) continue;
    const { length } = recipientsOf(s, task);
    if (state === TaskState.active) counts.active += length;
    else if (state === TaskState.waiting || state === TaskState.held) counts.waiting += length;
    else counts.ready += length;
    if (state === TaskState.waiting) nextAttemptAtMs = Math.min(nextAttemptAtMs, s.tasks.dueMs.get(task));
  }
  return {
    recipients: counts,
    ...(nextAttemptAtMs !== Infinity && { nextAttemptAtMs: shownDateOf(s, nextAttemptAtMs) }),
  };
}

/** What waiting mail waits for; without any, what one more message would wait for. Causes of all mail come first. */
function bindingOf(s: State, route: number, site: number, nowMs: number): string[] {
  const parkedOn = s.parking.countersOf(route);
  // While grants are paused, nothing else that keeps the route waiting has been looked at.
  const pause = s.pauses.counterFor(s.routes.store.get(route), s.routes.tenantOf(route));
  const isLookedAt = parkedOn.length > 0 && !parkedOn.includes(pause);
  const own = isLookedAt ? blockerTexts(s, route) : blockersOfOne(s, route, site, nowMs);
  return [...new Set([...globalCauses(s, route), ...own])];
}

/** What one more message would have to wait for. */
function blockersOfOne(s: State, route: number, site: number, nowMs: number): string[] {
  if (isClosed(s, route)) return textsOf(s, [hoursOf(s, route)]);
  needsOfOne(s, route, nowMs);
  s.blockers.clear();
  const gate = closedGate(s, nowMs);
  if (gate >= 0) return textsOf(s, [gate]);
  if (findIdle(s, site, nowMs) >= 0 || findWithRoom(s, site, route, nowMs, false) >= 0) return [];
  const full = s.needs.slots.find((counter) => !s.counters.hasRoom(counter));
  if (full !== undefined) return textsOf(s, [full]);
  if (counterOfNew(s, site) < 0) return textsOf(s, [totalCounterOf(s, site)]);
  const closed = closedConnectionGate(s, nowMs);
  if (closed >= 0) return textsOf(s, [closed]);
  if (choosePlace(s, site, nowMs) !== undefined) return [];
  return textsOf(
    s,
    Array.from({ length: s.blockers.length }, (_, at) => s.blockers.at(at)),
  );
}

function textsOf(s: State, counters: readonly number[]): string[] {
  return counters.map((counter) => blockerText(s, counter));
}

function placeStatus(s: State, route: number, place: Place, nowMs: number): PlaceStatus {
  const { addresses } = s;
  const { hop, source } = place;
  // Limits that look at the message and the place together are shown with the place.
  const both = holdPairLimits(s, route, place, nowMs);
  const limits = [...statusesOf(s, place.limits, nowMs), ...statusesOf(s, both, nowMs)];
  dropLimits(s, both);
  const address = addresses.find(hop.key);
  // Of the two reasons to rest, the host that does not answer comes first.
  const own = place.policyKey === '' ? -1 : addresses.find(place.policyKey);
  const isWell = address < 0 || addresses.health.get(address) === Health.well;
  const resting = isWell && own >= 0 ? own : address;
  const health = resting < 0 ? Health.well : addresses.health.get(resting);
  return {
    host: hop.host,
    transport: hop.transport,
    endpoint: hop.key,
    ip: hop.ip,
    port: hop.endpoint.kind === 'tcp' ? hop.endpoint.port : 0,
    preference: hop.preference,
    source,
    connections: address < 0 ? 0 : addresses.connections.get(address),
    health: health === Health.well ? 'well' : health === Health.resting ? 'resting' : 'on trial',
    ...(health === Health.resting && { restsUntilMs: shownDateOf(s, addresses.dueMs.get(resting)) }),
    error: resting < 0 ? '' : addresses.errorOf(resting),
    window: dated(s, s.windows.statusOf(source, place.site, s.config.adapt)),
    limits,
  };
}

function dated(s: State, status: WindowStatus): WindowStatus {
  return status.untilMs === undefined ? status : { ...status, untilMs: shownDateOf(s, status.untilMs) };
}

function statusesOf(s: State, limits: HeldLimits, nowMs: number): CounterStatus[] {
  return [
    ...limits.slots.map((counter) => slotStatus(s, counter)),
    ...[...limits.connectionGates, ...limits.messageGates, ...limits.recipientGates].map((gate) =>
      gateStatus(s, gate, nowMs),
    ),
  ];
}
