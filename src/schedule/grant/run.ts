// Grants all that a call has made possible: connections that are idle or have room go to the routes of their site in turn, then
// free slots to the routes that have waited longest for them, then routes with new work are tried.

import { ConnectionState } from '../store/connections.ts';
import { expiryOf, type State } from '../state.ts';
import { forgetIdleRoutes } from '../work/forget.ts';
import { limitOverflow } from '../reserve/unanswered.ts';
import { makeRunnable, reportDone } from '../work/lifecycle.ts';
import { invariant } from '../scheduler-error.ts';
import { makeRoom } from './close.ts';
import { serve } from './serve.ts';
import { endTurnsOfMail, serveVisits } from './visit-line.ts';
import { TaskState } from '../store/tasks.ts';

/** So many routes of a site are tried in a row when none of them may use its connections. */
const mostRefusals = 4;

/** Ends every call that can cause grants. */
export function run(s: State, nowMs: number): void {
  s.hours.pass(nowMs + s.dateShiftMs);
  limitOverflow(s, nowMs);
  const left = s.visitLine.size > 0 ? serveVisits(s, nowMs) : undefined;
  do {
    offerToSites(s, nowMs);
    wakeParked(s, nowMs);
  } while (serveNextRunnable(s, nowMs) || s.offering.length > 0 || offerToOthers(s, nowMs));
  if (left !== undefined) endTurnsOfMail(s, left, nowMs);
  schedule(s);
  reportDone(s);
  forgetIdleRoutes(s);
  s.counters.sweep();
}

/** Connections that are idle or have room go round the routes of their site. */
function offerToSites(s: State, nowMs: number): void {
  for (let site = s.offering.pop(); site >= 0; site = s.offering.pop()) {
    let refusals = 0;
    while (hasUsable(s, site) && refusals < mostRefusals) {
      const line = s.sites.line.get(site);
      const route = s.sites.nextInRing(site);
      if (route < 0) break;
      // Without a grant, the route has left the ring, or a rate of the place stops it, and with it mostly all others.
      if (serve(s, route, nowMs, true)) {
        s.sites.turns.took(site, line);
        resume(s, route);
      } else if (s.routes.isInRing(route)) {
        refusals++;
        // Connections with room are left to this route: it can use them when they are idle.
        if (s.sites.firstIdle.get(site) < 0) break;
      }
    }
  }
}

function hasUsable({ sites }: State, site: number): boolean {
  return sites.firstIdle.get(site) >= 0 || sites.withRoom.get(site) > 0;
}

/** A free slot goes to the first parked route that can use it. */
function wakeParked(s: State, nowMs: number): void {
  const { counters, parking } = s;
  const dropped = (counter: number): void => makeRoom(s, counter);
  for (let counter = parking.nextFreed(dropped); counter >= 0; counter = parking.nextFreed(dropped)) {
    const route = parking.firstRouteOf(counter);
    if (serveParked(s, counter, nowMs)) continue;
    const refused = counters.hasRoom(counter) && parking.firstRouteOf(counter) === route;
    invariant(!refused, 'a route refuses a free slot');
  }
}

/**
 * Tries to grant a task of the route that is first in turn for a counter. Then it goes to the end of its line; the only
 * route of a tenant that has grants left in this turn keeps its place, since the line would end with it.
 */
function serveParked(s: State, counter: number, nowMs: number): boolean {
  const { parking } = s;
  const route = parking.firstRouteOf(counter);
  const line = s.counters.line.get(counter);
  if (!serve(s, route, nowMs)) return false;
  const isOver = parking.turns.took(counter, line);
  if (isOver || !parking.isParked(route) || parking.hasOthers(line)) {
    parking.unpark(route);
    resume(s, route);
  } else {
    parking.renew(route);
  }
  return true;
}

function serveNextRunnable(s: State, nowMs: number): boolean {
  if (s.nextRunnable === s.runnable.length) {
    s.runnable.clear();
    s.nextRunnable = 0;
    return false;
  }
  const route = s.runnable.at(s.nextRunnable);
  s.nextRunnable++;
  s.routes.isRunnable.set(route, 0);
  if (serve(s, route, nowMs)) resume(s, route);
  return true;
}

/**
 * An idle connection that no route of its own site could use may block a route of another site: that one is tried again. One
 * with room is of use to a route of its own site that waits for a slot which the connection holds.
 */
function offerToOthers(s: State, nowMs: number): boolean {
  const { connections, counters } = s;
  const connection = s.newlyUsable.pop();
  if (connection < 0) return false;
  for (;;) {
    const isIdle = connections.state.get(connection) === ConnectionState.idle;
    if (!isIdle && connections.roomList.get(connection) === 0) return true;
    let hold = connections.firstHold.get(connection);
    while (hold >= 0 && !counters.lacksSlots(connections.holds.counter.get(hold)))
      hold = connections.holds.next.get(hold);
    if (hold < 0) return true;
    const counter = connections.holds.counter.get(hold);
    const closing = counters.closing.get(counter);
    const route = s.parking.firstRouteOf(counter);
    if (!isIdle && s.routes.site.get(route) !== connections.site.get(connection)) return true;
    if (serveParked(s, counter, nowMs)) continue;
    if (counters.closing.get(counter) === closing && s.parking.firstRouteOf(counter) === route) return true;
  }
}

/** A route that was granted one task takes its next turn after the others; one that is parked keeps its place. */
function resume(s: State, route: number): void {
  if (!s.parking.isParked(route)) s.parking.since.set(route, 0);
  if (s.routes.firstTask.get(route) >= 0) makeRunnable(s, route);
}

/** Ready tasks that are not on their way have to be found when their lifetime ends. */
function schedule(s: State): void {
  const { tasks } = s;
  for (let task = s.fresh.pop(); task >= 0; task = s.fresh.pop()) {
    if (tasks.state.get(task) === TaskState.ready && !tasks.due.has(task)) {
      tasks.due.put(task, expiryOf(s, task));
    }
  }
}
