// One turn of one route: its oldest task is granted, or the route parks on what stands in the way.

import { chooseAddress, noAddress } from './choose-address.ts';
import { activate, requestPlan } from './gather.ts';
import { grantIdle, grantNew, siteCounterOf } from './grant.ts';
import { dequeue, hasOneRoute, stopRoute } from './lifecycle.ts';
import { collectNeeds } from './needs.ts';
import { PlanState } from './routes.ts';
import { settleByPlan } from './settle.ts';
import { mixedTasksOf, splitOff } from './split.ts';
import type { State } from './state.ts';
import type { ConnectionHandle } from './types.ts';

/**
 * Tries to grant the route's first task. False: the route has no task, waits for its plan, or is parked, so there is no
 * use in trying again before something changed.
 */
export function serve(s: State, route: number, nowMs: number): boolean {
  const { counters, routes, tasks } = s;
  for (;;) {
    const task = routes.firstTask.get(route);
    if (task < 0) return false;
    if (!hasPlan(s, route, nowMs)) return false;
    const site = routes.site.get(route);
    if (!collectNeeds(s, task, route, nowMs)) {
      tasks.due.take(task);
      dequeue(s, route, task);
      activate(s, tasks.message.get(task), [task], nowMs);
      continue;
    }
    const idle = findIdle(s, site);
    if (idle >= 0) {
      grantIdle(s, idle, task);
      routes.missedTurn.set(route, 0);
      return true;
    }
    const counter = firstFull(s);
    if (counter >= 0) {
      if (s.needed.length > 1) {
        splitOff(s, task, counter);
        continue;
      }
      for (const mixed of mixedTasksOf(s, route)) splitOff(s, mixed, counter);
      parkOn(s, route, counter, false);
      return false;
    }
    if (!routes.isInRing(route)) s.sites.joinRing(site, route);
    if (!counters.hasRoom(s.all)) {
      parkOn(s, route, s.all, true);
      return false;
    }
    const siteCounter = s.config.limits.perSite > 0 ? s.sites.counter.get(site) : siteCounterOf(s, site);
    if (siteCounter >= 0 && !counters.hasRoom(siteCounter)) {
      parkOn(s, route, siteCounter, true);
      return false;
    }
    const address = chooseAddress(s, site);
    if (address === noAddress) {
      park(s, route, true);
      return false;
    }
    grantNew(s, site, address, task, nowMs);
    routes.missedTurn.set(route, 0);
    return true;
  }
}

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
      activate(s, s.tasks.message.get(mixed), [mixed], nowMs);
    }
    if (routes.firstTask.get(route) >= 0) requestPlan(s, route);
    return false;
  }
  stopRoute(s, route);
  for (let task = routes.firstTask.get(route); task >= 0; task = routes.firstTask.get(route)) {
    s.tasks.due.take(task);
    dequeue(s, route, task);
    if (hasOneRoute(s, task)) settleByPlan(s, task, error, nowMs);
    else activate(s, s.tasks.message.get(task), [task], nowMs);
  }
  return false;
}

/** The shortest idle connection of the site that the task can use within the limits of its domains; -1: none. */
function findIdle(s: State, site: number): number {
  const { connections } = s;
  let connection = s.sites.firstIdle.get(site);
  for (; connection >= 0; connection = connections.siteIdleNext.get(connection)) {
    if (fits(s, connection)) return connection;
  }
  return -1;
}

function fits(s: State, connection: number): boolean {
  for (let at = 0; at < s.needed.length; at += 1) {
    const counter = s.needed.at(at);
    if (!s.counters.hasRoom(counter) && !s.connections.doesHold(connection, counter)) return false;
  }
  return true;
}

function firstFull(s: State): number {
  for (let at = 0; at < s.needed.length; at += 1) {
    if (!s.counters.hasRoom(s.needed.at(at))) return s.needed.at(at);
  }
  return -1;
}

/**
 * Parks the route on the counters in `s.blockers`; where idle connections hold what it waits for, closes the longest idle ones to make room.
 * `inRing`: an idle connection of its site would help it, so it stays in the site's ring.
 */
function park(s: State, route: number, inRing: boolean): void {
  if (!inRing && s.routes.isInRing(route)) s.sites.leaveRing(s.routes.site.get(route), route);
  s.parking.park(route, s.blockers, s.routes.missedTurn.get(route) !== 0);
  for (let at = 0; at < s.blockers.length; at += 1) makeRoom(s, s.blockers.at(at));
}

function parkOn(s: State, route: number, counter: number, inRing: boolean): void {
  s.blockers.clear();
  s.blockers.push(counter);
  park(s, route, inRing);
}

/** Closes the longest idle connections that stand in the way of parked routes. */
export function makeRoom(s: State, counter: number): void {
  const { connections, counters } = s;
  for (let hold = counters.firstIdle.get(counter); hold >= 0; hold = counters.firstIdle.get(counter)) {
    if (!counters.lacksSlots(counter)) break;
    closeIdle(s, connections.holds.connection.get(hold));
  }
}

/** Tells an idle connection to close. */
export function closeIdle(s: State, connection: number): void {
  s.connections.wasIdle(connection);
  s.sites.removeIdle(s.connections.site.get(connection), connection);
  close(s, connection);
}

/** Tells a connection that is in no idle list to close; its slots stay taken until it says that it is closed. */
export function close(s: State, connection: number): void {
  s.connections.becameClosing(connection);
  s.effects.push({ kind: 'close', connection: connection as ConnectionHandle });
}
