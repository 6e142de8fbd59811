// One turn of one route: its oldest task is granted, or the route parks on what stands in the way.

import type { ErrorPlan } from '../../route/types.ts';
import { choosePlace } from './choose-place.ts';
import { makeRoom } from './close.ts';
import { findIdle, findWithRoom } from './find-connection.ts';
import { pairLimitsOf, closedConnectionGate, closedGate } from '../reserve/gates.ts';
import { activate, requestPlan } from '../work/gather.ts';
import { grantNew, grantOpen } from './grant.ts';
import { counterOfNew, isUnproven } from '../reserve/unanswered.ts';
import { hoursOf } from '../work/task-times.ts';
import { dequeue, hasOneRoute, makeRunnable, stopRoute } from '../work/lifecycle.ts';
import { totalCounterOf } from '../reserve/local-ways.ts';
import { collectNeeds, restLimits } from '../reserve/needs.ts';
import type { Place } from '../store/place.ts';
import { forgetPlaces, placesOf } from '../reserve/places.ts';
import { PlanState } from '../store/routes.ts';
import { settleByPlan } from '../work/settle.ts';
import { mixedTasksOf, splitAfter, splitOff } from '../work/split.ts';
import { mostSettledInTurn, type State } from '../state.ts';

/**
 * Tries to grant the route's first task. False: the route has no task, waits for its plan, or is parked, so there is no
 * use in trying again before something changed.
 * @param isOffered - the connections of its site go round its routes, and it is this one's turn
 */
export function serve(s: State, route: number, nowMs: number, isOffered = false): boolean {
  const granted = tryToServe(s, route, nowMs, isOffered);
  if (!granted || s.routes.firstTask.get(route) < 0) restLimits(s, route);
  if (!granted) {
    const site = s.routes.site.get(route);
    if (site >= 0 && s.sites.connections.get(site) === 0) forgetPlaces(s, site);
  }
  return granted;
}

function tryToServe(s: State, route: number, nowMs: number, isOffered: boolean): boolean {
  const { blockers, needs, routes, tasks } = s;
  for (;;) {
    const task = routes.firstTask.get(route);
    if (task < 0) return false;
    const pause = s.pauses.counterFor(routes.store.get(route), routes.tenantOf(route));
    if (!s.counters.hasRoom(pause)) {
      parkPaused(s, route, pause);
      return false;
    }
    const hours = hoursOf(s, route);
    if (hours >= 0 && !s.counters.hasRoom(hours)) {
      parkPaused(s, route, hours);
      return false;
    }
    if (!hasPlan(s, route, nowMs)) return false;
    const site = routes.site.get(route);
    if (!collectNeeds(s, task, route, nowMs)) {
      tasks.due.take(task);
      dequeue(s, route, task);
      activate(s, tasks.messageOf(task), [task], nowMs);
      continue;
    }
    if (needs.recipients > needs.recipientsPerMessage) {
      splitAfter(s, task, needs.recipientsPerMessage);
      continue;
    }
    blockers.clear();
    const gate = closedGate(s, nowMs);
    if (gate >= 0) {
      if (needs.routes.length > 1 && splitOff(s, task, gate, nowMs)) continue;
      parkAlone(s, route, gate, nowMs);
      return false;
    }
    const idle = findIdle(s, site, nowMs);
    if (idle >= 0) {
      if (splitForPlace(s, task, s.connections.placeOf(idle), nowMs)) continue;
      grantOpen(s, idle, task, nowMs);
      routes.missedTurn.set(route, 0);
      return true;
    }
    const counter = firstFull(s);
    if (counter >= 0) {
      if (grantAhead(s, route, task, nowMs, isOffered)) return true;
      if (needs.routes.length > 1 && splitOff(s, task, counter, nowMs)) continue;
      // An idle connection that only a rate forbids is worth waiting for: it holds the slots already.
      if (blockers.length === 0) parkAlone(s, route, counter, nowMs);
      else parkInRing(s, route, site);
      return false;
    }
    const isFull = counterOfNew(s, site) < 0;
    const full = isFull ? totalCounterOf(s, site) : closedConnectionGate(s, nowMs);
    if (full >= 0) {
      if (grantAhead(s, route, task, nowMs, isOffered)) return true;
      if (blockers.length === 0) {
        blockers.push(full);
        if (full === s.globalCounter && isUnproven(s, site)) blockers.push(s.overflowCounter);
      }
      parkInRing(s, route, site);
      return false;
    }
    if (placesOf(s, site, nowMs).length === 0) {
      deferAll(s, route, nowMs);
      return false;
    }
    const place = choosePlace(s, site, nowMs);
    if (place === undefined) {
      if (grantAhead(s, route, task, nowMs, isOffered)) return true;
      parkInRing(s, route, site);
      return false;
    }
    if (splitForPlace(s, task, place, nowMs)) continue;
    grantNew(s, site, place, task, nowMs);
    routes.missedTurn.set(route, 0);
    return true;
  }
}

/** No other connection may be opened: runs the task in `s.needs` behind another one of its site, if it can go there. */
function grantAhead(s: State, route: number, task: number, nowMs: number, isOffered: boolean): boolean {
  const connection = findWithRoom(s, s.routes.site.get(route), route, nowMs, isOffered);
  if (connection < 0) return false;
  // What fits as a whole fits with fewer recipients.
  if (splitForPlace(s, task, s.connections.placeOf(connection), nowMs)) collectNeeds(s, task, route, nowMs);
  grantOpen(s, connection, task, nowMs);
  s.routes.missedTurn.set(route, 0);
  return true;
}

/** No source address can reach any address of the site: an attempt has failed, for all tasks that are ready. */
function deferAll(s: State, route: number, nowMs: number): void {
  stopRoute(s, route);
  for (let task = s.routes.firstTask.get(route); task >= 0; task = s.routes.firstTask.get(route)) {
    s.tasks.due.take(task);
    dequeue(s, route, task);
    settleByPlan(s, task, noSource, nowMs);
  }
}

const noSource: ErrorPlan = {
  kind: 'error',
  permanent: false,
  replyCode: 451,
  enhancedStatus: '4.4.4',
  text: 'no [[source]] address has the IP version of the hosts',
};

/** False: the route waits for its plan, or its plan was an error that settled its tasks. */
function hasPlan(s: State, route: number, nowMs: number): boolean {
  const { routes } = s;
  if (routes.hasRelay(route, nowMs)) return true;
  if (routes.missedTurn.get(route) !== 0 && routes.plan.get(route) === PlanState.relay) return true;
  const error = routes.errorOf(route, nowMs);
  if (error === undefined) {
    const waited = s.parking.isParked(route) || routes.isInRing(route);
    if (waited) routes.missedTurn.set(route, 1);
    for (const mixed of mixedTasksOf(s, route)) {
      s.tasks.due.take(mixed);
      dequeue(s, route, mixed);
      activate(s, s.tasks.messageOf(mixed), [mixed], nowMs);
    }
    if (routes.firstTask.get(route) >= 0) requestPlan(s, route);
    return false;
  }
  stopRoute(s, route);
  for (let task = routes.firstTask.get(route); task >= 0; task = routes.firstTask.get(route)) {
    if (s.settledInTurn === mostSettledInTurn) {
      s.pauses.set(routes.store.get(route), 'very much mail has failed at once: the rest follows', 'turn');
      makeRunnable(s, route);
      break;
    }
    s.settledInTurn++;
    s.tasks.due.take(task);
    dequeue(s, route, task);
    if (hasOneRoute(s, task)) settleByPlan(s, task, error, nowMs);
    else activate(s, s.tasks.messageOf(task), [task], nowMs);
  }
  return false;
}

function firstFull(s: State): number {
  for (const counter of s.needs.slots) if (!s.counters.hasRoom(counter)) return counter;
  return -1;
}

/** Parks the route on the counters in `s.blockers`; where idle connections hold what it waits for, closes the longest idle ones. */
function park(s: State, route: number): void {
  const isEstablished = !isUnproven(s, s.routes.site.get(route));
  s.parking.park(route, s.blockers, s.routes.missedTurn.get(route) !== 0, isEstablished);
  for (let at = 0; at < s.blockers.length; at++) makeRoom(s, s.blockers.at(at));
}

/** Parks the route where a connection of its site that becomes idle would help it on. */
function parkInRing(s: State, route: number, site: number): void {
  if (!s.routes.isInRing(route)) s.sites.joinRing(site, route);
  park(s, route);
}

/** Parks the route on a counter that no idle connection of its site can help with. */
function parkAlone(s: State, route: number, counter: number, nowMs: number): void {
  for (const mixed of mixedTasksOf(s, route)) splitOff(s, mixed, counter, nowMs);
  if (s.routes.isInRing(route)) s.sites.leaveRing(s.routes.site.get(route), route);
  s.blockers.clear();
  s.blockers.push(counter);
  park(s, route);
}

/** Parks the route while grants of its store, or of its schedule, are paused. Its tasks are not split: no other recipients could go either. */
function parkPaused(s: State, route: number, pause: number): void {
  if (s.routes.isInRing(route)) s.sites.leaveRing(s.routes.site.get(route), route);
  s.blockers.clear();
  s.blockers.push(pause);
  park(s, route);
}

/** Splits the task where a limit of the place allows fewer recipients at once. */
function splitForPlace(s: State, task: number, place: Place, nowMs: number): boolean {
  let most = place.limits.recipientsPerMessage;
  if (s.limits.hasPairLimits) {
    for (const route of s.needs.routes) {
      const limits = pairLimitsOf(s, route, place, nowMs);
      most = Math.min(most, limits.recipientsPerMessage);
    }
  }
  if (s.needs.recipients <= most) return false;
  splitAfter(s, task, most);
  return true;
}
