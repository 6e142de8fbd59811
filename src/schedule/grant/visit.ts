// Visits: connections that bring no mail, such as a look whether a host is there again. They take the slots and spend the rates that a
// connection for mail of their route would, so that both together exceed no limit. What comes of them says nothing about the host here.

import { isSocketHop } from '../../route/next-hop.ts';
import { totalCounterOf } from '../reserve/local-ways.ts';
import { closedConnectionGate, pairLimitsOf } from '../reserve/gates.ts';
import { forgetLimits, needsOfOne } from '../reserve/needs.ts';
import { forgetPlaces, leavePlace, placesOf, releaseSite } from '../reserve/places.ts';
import { connectionGone, connectionOpened, counterOfNew } from '../reserve/unanswered.ts';
import type { State } from '../state.ts';
import { ConnectionState } from '../store/connections.ts';
import { Dimension } from '../store/counters.ts';
import type { Place } from '../store/place.ts';
import type { ConnectionHandle } from '../types.ts';
import type { Visit, VisitTarget } from '../store/visit-types.ts';
import { addBlocker } from './choose-place.ts';
import { nameRoute } from './grant.ts';
import { isSourceResting } from './source-rests.ts';

/** @returns undefined when a limit is in the way, and its counters are in `s.blockers`; or no host is left, and there are none */
export function beginVisit(s: State, target: VisitTarget, nowMs: number): Visit | undefined {
  const { domain, key, plan, tenant } = target;
  const { routes, sites } = s;
  // Without mail or a connection, the sweep of routes forgets it.
  const route = routes.intern(key, domain, s.tenants.intern(tenant, 0), 0);
  const site = sites.intern(plan);
  // Its addresses may be others than those that are known.
  forgetPlaces(s, site);
  sites.references.add(site, 1);
  needsOfOne(s, route, nowMs);
  const visit = openVisit(s, route, site, target, nowMs);
  forgetLimits(s, route);
  if (visit === undefined) {
    if (sites.connections.get(site) === 0) forgetPlaces(s, site);
    releaseSite(s, site);
  }
  return visit;
}

/** The connection of a visit is closed, or was never opened. */
export function endVisit(s: State, connection: number, nowMs: number): void {
  const { addresses, connections, sites } = s;
  const site = connections.site.get(connection);
  const address = connections.address.get(connection);
  // Whoever visits knows what it has found: it is no failure of a connection for mail.
  connectionGone(s, connection, true, nowMs);
  leavePlace(s, connections.placeOf(connection));
  nameRoute(s, connection, -1);
  connections.free(connection);
  addresses.connections.add(address, -1);
  if (sites.connections.add(site, -1) === 0) forgetPlaces(s, site);
  addresses.mayBeUnused(address);
  releaseSite(s, site);
}

function openVisit(
  s: State,
  route: number,
  site: number,
  { despiteHolds = false, except }: VisitTarget,
  nowMs: number,
): Visit | undefined {
  const { blockers, needs } = s;
  blockers.clear();
  const total = totalCounterOf(s, site);
  const isFull = counterOfNew(s, site) < 0 && !(despiteHolds && isHold(s, total));
  const full = isFull ? total : closedConnectionGate(s, nowMs);
  const inTheWay = full >= 0 ? full : firstFull(s, needs.slots, despiteHolds);
  if (inTheWay >= 0) {
    addBlocker(blockers, inTheWay);
    return undefined;
  }
  for (const place of placesOf(s, site, nowMs)) {
    const { hop, limits, source } = place;
    if (!isSocketHop(hop) || except.has(hop.key) || isSourceResting(s, source, nowMs)) continue;
    const pair = s.limits.hasPairLimits ? [pairLimitsOf(s, route, place, nowMs)] : [];
    const window = s.windows.counterOf(source, place.site);
    const ofTask = [...needs.slots, ...pair.flatMap(({ slots }) => slots)];
    const ofPlace = [...limits.slots, ...probesOf(s, place)];
    const gates = [limits, ...pair].flatMap(({ connectionGates }) => connectionGates);
    const slots = [...ofTask, ...ofPlace, ...(window < 0 ? [] : [window])];
    const blocker = gates.find((gate) => !s.rates.lets(gate, 1, nowMs)) ?? firstFull(s, slots, despiteHolds);
    if (blocker >= 0) {
      addBlocker(blockers, blocker);
      continue;
    }
    const connection = open(s, site, place, nowMs);
    s.connections.recount(connection, ofPlace);
    s.connections.recount(connection, ofTask, 1);
    for (const gate of new Set([...needs.connectionGates, ...gates])) s.rates.spend(gate, 1, nowMs);
    nameRoute(s, connection, route);
    return { connection: connection as ConnectionHandle, hop, source };
  }
  return undefined;
}

/** Opens the connection's row, with the slots that it takes whatever it is for. */
function open(s: State, site: number, place: Place, nowMs: number): number {
  const { addresses, connections, sites } = s;
  const found = addresses.find(place.hop.key);
  const address = found < 0 ? addresses.open(place.hop.key) : found;
  const connection = connections.open(site, place, address, nowMs);
  connections.state.set(connection, ConnectionState.visiting);
  place.users++;
  if (counterOfNew(s, site) >= 0) connectionOpened(s, connection, site);
  else connections.recount(connection, [totalCounterOf(s, site)]);
  if (s.config.adapt?.enabled === true)
    connections.reserve(connection, s.windows.open(place.source, place.site, s.config.adapt, nowMs));
  addresses.connections.add(address, 1);
  sites.connections.add(site, 1);
  return connection;
}

/** The first of these counters that has no room; -1: all have. @param despiteHolds - those that hold mail do not count */
function firstFull(s: State, slots: readonly number[], despiteHolds: boolean): number {
  return slots.find((counter) => !s.counters.hasRoom(counter) && !(despiteHolds && isHold(s, counter))) ?? -1;
}

const limitDimensions: ReadonlySet<number> = new Set([Dimension.global, Dimension.task, Dimension.place]);

/** A limit of 0, by which an operator holds mail. */
function isHold({ counters }: State, counter: number): boolean {
  return limitDimensions.has(counters.dimension.get(counter)) && counters.limit.get(counter) === 0;
}

/**
 * After its rest, an address is tried by one connection at a time, for mail or without. While it rests, mail leaves it alone, and whoever visits
 * it wants to know whether the rest has still a reason.
 */
function probesOf({ addresses, counters }: State, { hop, policyKey }: Place): number[] {
  const probes = [addresses.probeOf(hop.key), addresses.probeOf(policyKey)];
  return probes.filter((counter) => counter >= 0 && counters.limit.get(counter) > 0);
}
