// A new configuration while mail is under way: new limits count the connections that are open, lowered limits drain, and all
// parked routes are tried again.

import { isSocketHop } from '../../route/next-hop.ts';
import { Dimension, dimensions } from '../store/counters.ts';
import { forgetPairLimits, holdPairLimits } from '../reserve/gates.ts';
import { dropLimits } from '../reserve/held-limits.ts';
import { makeRunnable, recipientsOf } from '../work/lifecycle.ts';
import { createLimitIndex } from '../limits/rule-index.ts';
import { forgetLimits, limitsOf } from '../reserve/needs.ts';
import type { Place } from '../store/place.ts';
import { forgetPlaces, leavePlace, limitsAt } from '../reserve/places.ts';
import { returnToGlobalLimit } from '../reserve/unanswered.ts';
import { closeSurplus } from '../grant/close.ts';
import { lookAgainAtVisits } from '../grant/visit-line.ts';
import { noteRoom, oldestNumber, tasksOnTheWay } from '../reserve/on-the-way.ts';
import { queueWaysDiffer } from '../work/queue-way.ts';
import { expirePlans } from './reroute.ts';
import { renewTasks, renewTimes, timesDiffer } from './renew-times.ts';
import { localLimitOf, setWeights, sourcesOf, type State } from '../state.ts';
import type { SchedulerConfig } from '../types.ts';

export function applyConfig(s: State, config: SchedulerConfig, nowMs: number): void {
  const before = s.config;
  s.config = config;
  setWeights(s.tenants, config);
  s.sources = sourcesOf(config);
  s.sourceRests.clear();
  s.limits = createLimitIndex(config.limits.rules);
  s.windows.reconfigure(config.adapt);
  s.rates.reconfigure(new Map(config.limits.rules.map((rule) => [rule.id, rule])), nowMs);
  lookAgain(s);
  lookAgainAtVisits(s);
  if (timesDiffer(before, config)) renewTimes(s);
  if (queueWaysDiffer(before, config)) expirePlans(s);
  const live = liveConnections(s);
  recount(s, live, nowMs);
  returnToGlobalLimit(s, live);
  limitAll(s);
  for (let dimension = 0; dimension < dimensions; dimension++) {
    s.counters.eachOf(dimension, (counter) => closeSurplus(s, counter));
  }
  if (timesDiffer(before, config)) renewTasks(s, nowMs);
}

/** The sender processes can carry more or fewer connections now. Of those that are too many, idle ones close first. */
export function carryConnections(s: State, connections: number): void {
  s.carried = connections;
  limitAll(s);
  closeSurplus(s, s.globalCounter);
}

function limitAll(s: State): void {
  s.counters.setLimit(s.globalCounter, Math.min(s.config.limits.global, s.carried));
  s.counters.setLimit(s.localCounter, Math.min(localLimitOf(s.config), s.carried));
}

/** Every connection releases its slots and takes those of the new limits, even where there is no room. */
function recount(s: State, live: readonly number[], nowMs: number): void {
  const { connections, routes, sites } = s;
  forgetPairLimits(s);
  for (let route = 0; route < routes.end; route++) if (routes.isKnown(route)) forgetLimits(s, route);
  sites.each((site) => forgetPlaces(s, site));
  for (const connection of live) {
    connections.releaseSince(connection, firstCounted(s, connection));
    connections.releaseDimension(connection, Dimension.place);
  }
  for (const connection of live) leavePlace(s, connections.placeOf(connection));
  for (const connection of live) recountConnection(s, connection, nowMs);
  for (let route = 0; route < routes.end; route++) if (routes.isKnown(route)) forgetLimits(s, route);
}

function recountConnection(s: State, connection: number, nowMs: number): void {
  const { connections, routes } = s;
  const { hop, policyKey, site, source } = connections.placeOf(connection);
  const limits = limitsAt(s, connections.site.get(connection), hop, source, nowMs);
  const place: Place = { site, hop, source, limits, policyKey, users: 1 };
  connections.setPlace(connection, place);
  const most = Math.min(connections.mostTransactions.get(connection), limits.messagesPerConnection);
  connections.mostTransactions.set(connection, most);
  connections.recount(connection, limits.slots);
  let transaction = firstCounted(s, connection);
  for (const routesOfTransaction of countedRoutes(s, connection)) {
    for (const route of routesOfTransaction) {
      if (!routes.isKnown(route)) continue;
      if (isSocketHop(place.hop))
        connections.recount(connection, limitsOf(s, route, nowMs).slots, transaction);
      if (!s.limits.hasPairLimits) continue;
      const both = holdPairLimits(s, route, place, nowMs);
      connections.recount(connection, both.slots, transaction);
      dropLimits(s, both);
    }
    transaction++;
  }
  noteRoom(s, connection);
}

/** The number of the oldest transaction that is on the way; when none is, of the last one, which the server counts it for still. */
function firstCounted(s: State, connection: number): number {
  return Math.min(oldestNumber(s, connection), s.connections.transactions.get(connection));
}

/** The routes of each transaction that is on the way; when none is, of the last one. */
function countedRoutes(s: State, connection: number): Set<number>[] {
  const tasks = tasksOnTheWay(s, connection);
  if (tasks.length === 0) return [new Set([s.connections.route.get(connection)])];
  return tasks.map(
    (task) => new Set(recipientsOf(s, task).map((recipient) => s.recipients.route.get(recipient))),
  );
}

/** All connections: the idle ones first, longest idle before the others, so that they keep their order. */
function liveConnections(s: State): number[] {
  const { connections } = s;
  const idle: number[] = [];
  for (let at = connections.longestIdle; at >= 0; at = connections.idle.next.get(at)) idle.push(at);
  const others: number[] = [];
  const isIdle = new Set(idle);
  for (let connection = 0; connection < connections.end; connection++) {
    if (connections.isLive(connection) && !isIdle.has(connection)) others.push(connection);
  }
  return [...idle, ...others];
}

/** Parked routes are tried again: their limits may have been lifted, and others may apply. */
function lookAgain(s: State): void {
  for (let route = 0; route < s.routes.end; route++) {
    if (!s.routes.isKnown(route) || !s.parking.isParked(route)) continue;
    s.parking.unpark(route);
    makeRunnable(s, route);
  }
}
