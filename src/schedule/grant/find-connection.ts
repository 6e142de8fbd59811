// Which open connection of its site a task goes to. An idle one is best. When there is none, and no new one may be opened, it is
// granted ahead to a busy one that has room for another transaction: that needs no other connection, and its commands leave
// together with the end of the content before.
//
// Grants ahead do not change who is served. A connection with room is offered to the same routes, in the same turns, as it would be
// when it is idle. Where another route waits, nothing goes before it: the connection becomes idle, for that route to use or to
// have it closed. And a slot that mail to other sites can use is not taken for mail that waits behind another message, unless
// many such slots are free, and the wait is short.

import { closedGateAt } from '../reserve/gates.ts';
import type { State } from '../state.ts';
import { addBlocker } from './choose-place.ts';

/** Of a site's connections with room, so many are looked at. Those that were heard of last come first. */
const mostLookedAt = 8;
/** A server that was silent for longer is granted nothing ahead: it may hang, and the message would hang with it. */
const longestSilenceMs = 5_000;

/**
 * The shortest idle connection of the site that the task in `s.needs` can use; -1: none, and rates that keep it from
 * those that there are stand in `s.blockers`.
 */
export function findIdle(s: State, site: number, nowMs: number): number {
  const { connections } = s;
  let connection = s.sites.firstIdle.get(site);
  for (; connection >= 0; connection = connections.siteUsable.next.get(connection)) {
    if (!fits(s, connection)) continue;
    const blocker = closedGateAt(s, connections.placeOf(connection), connection, nowMs);
    if (blocker < 0) return connection;
    addBlocker(s.blockers, blocker);
  }
  return -1;
}

/**
 * A busy connection of the site that the task in `s.needs` can go to ahead: with the fewest transactions on the way, and of
 * these one that was heard of lately. -1: none.
 * @param route - the task's
 * @param isOffered - the connections of the site go round its routes, and it is this one's turn
 */
export function findWithRoom(
  s: State,
  site: number,
  route: number,
  nowMs: number,
  isOffered: boolean,
): number {
  const { connections, sites } = s;
  if (sites.withRoom.get(site) === 0) return -1;
  let looked = 0;
  for (const first of sites.firstWithRoom) {
    let connection = first.get(site);
    for (; connection >= 0; connection = connections.siteUsable.next.get(connection)) {
      looked++;
      if (looked > mostLookedAt) return -1;
      if (canGoAhead(s, connection, nowMs) && (isOffered || !isAwaited(s, connection, route)))
        return connection;
    }
  }
  return -1;
}

function canGoAhead(s: State, connection: number, nowMs: number): boolean {
  const { connections } = s;
  return (
    connections.heardAtMs.get(connection) + longestSilenceMs >= nowMs &&
    fits(s, connection) &&
    !takesFromOthers(s, connection) &&
    !connections.isOverLimit(connection) &&
    closedGateAt(s, connections.placeOf(connection), connection, nowMs) < 0
  );
}

/** Does another route wait for the connection, or for a slot that it holds? Then it is not this one's turn. */
function isAwaited(s: State, connection: number, route: number): boolean {
  const { connections, counters, parking, routes, sites } = s;
  if (!routes.isInRing(route) && sites.line.get(connections.site.get(connection)) >= 0) return true;
  for (let hold = connections.firstHold.get(connection); hold >= 0; hold = connections.holds.next.get(hold)) {
    const counter = connections.holds.counter.get(hold);
    if (!counters.lacksSlots(counter)) continue;
    const next = parking.firstRouteOf(counter);
    if (next >= 0 && next !== route) return true;
  }
  return false;
}

/** Would the connection hold a slot for this task that mail to other sites may soon need? */
function takesFromOthers({ connections, counters, needs }: State, connection: number): boolean {
  const isQuick = connections.isQuick.get(connection) === 1;
  for (const counter of needs.slots) {
    if (isQuick && counters.used.get(counter) * 2 < counters.limit.get(counter)) continue;
    // A limit for each domain is a matter of the site that the domain's mail goes to.
    const isOfDomain = counters.limitOf(counter)?.rule.per.includes('domain') === true;
    if (!isOfDomain && !connections.doesHold(connection, counter)) return true;
  }
  return false;
}

function fits(s: State, connection: number): boolean {
  if (s.connections.transactions.get(connection) >= s.needs.messagesPerConnection) return false;
  for (const counter of s.needs.slots) {
    if (!s.counters.hasRoom(counter) && !s.connections.doesHold(connection, counter)) return false;
  }
  return true;
}
