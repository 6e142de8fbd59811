// Visits: connections that bring no mail, such as a look whether a host is there again. They take the slots and spend the rates that a
// connection for mail of their route would, so that both together exceed no limit. What comes of them says nothing about the host here.

import { isSocketHop } from '../../route/next-hop.ts';
import type { SocketHop } from '../../route/types.ts';
import { closedConnectionGate, pairLimitsOf } from '../reserve/gates.ts';
import { forgetLimits, needsOfOne } from '../reserve/needs.ts';
import { forgetPlaces, leavePlace, placesOf, releaseSite } from '../reserve/places.ts';
import { connectionGone, connectionOpened, counterOfNew } from '../reserve/unanswered.ts';
import type { State } from '../state.ts';
import { ConnectionState } from '../store/connections.ts';
import type { HeldLimits, Place } from '../store/place.ts';
import type { ConnectionHandle } from '../types.ts';
import type { Visit, VisitTarget } from '../visit-types.ts';
import { nameRoute } from './grant.ts';
import { isSourceResting } from './source-rests.ts';

/** @returns undefined when a limit is in the way, or no host is left */
export function beginVisit(s: State, target: VisitTarget, nowMs: number): Visit | undefined {
  const { domain, key, plan, tenant } = target;
  const { routes, sites } = s;
  // Without mail or a connection, the sweep of routes forgets it.
  const route = routes.intern(key, domain, s.tenants.intern(tenant), 0);
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
  { except }: VisitTarget,
  nowMs: number,
): Visit | undefined {
  const { needs } = s;
  if (counterOfNew(s, site) < 0 || closedConnectionGate(s, nowMs) >= 0) return undefined;
  if (needs.slots.some((counter) => !s.counters.hasRoom(counter))) return undefined;
  for (const place of placesOf(s, site, nowMs)) {
    const { hop, limits, source } = place;
    if (!isSocketHop(hop) || except.has(hop.key) || isSourceResting(s, source, nowMs)) continue;
    const pair = s.limits.hasPairLimits ? [pairLimitsOf(s, route, place, nowMs)] : [];
    const window = s.windows.counterOf(source, place.site);
    if (window >= 0 && !s.counters.hasRoom(window)) continue;
    const counters = [...limits.slots, ...probesOf(s, place)];
    if (!counters.every((counter) => s.counters.hasRoom(counter))) continue;
    if (![limits, ...pair].every((held) => hasRoom(s, held, nowMs))) continue;
    const connection = reserve(s, site, place, counters, nowMs);
    for (const counter of [...needs.slots, ...pair.flatMap(({ slots }) => slots)])
      s.connections.reserveFor(connection, counter, 1);
    const gates = [...needs.connectionGates, ...[limits, ...pair].flatMap((held) => held.connectionGates)];
    for (const gate of new Set(gates)) s.rates.spend(gate, 1, nowMs);
    nameRoute(s, connection, route);
    return visitOf(connection, place, hop);
  }
  return undefined;
}

/** Opens the connection's row, with the slots that it takes whatever it is for. */
function reserve(s: State, site: number, place: Place, counters: readonly number[], nowMs: number): number {
  const { addresses, connections, sites } = s;
  const found = addresses.find(place.hop.key);
  const address = found < 0 ? addresses.open(place.hop.key) : found;
  const connection = connections.open(site, place, address, nowMs);
  connections.state.set(connection, ConnectionState.visiting);
  place.users++;
  connectionOpened(s, connection, site);
  for (const counter of counters) connections.reserve(connection, counter);
  if (s.config.adapt?.enabled === true)
    connections.reserve(connection, s.windows.open(place.source, place.site, s.config.adapt, nowMs));
  addresses.connections.add(address, 1);
  sites.connections.add(site, 1);
  return connection;
}

/**
 * After its rest, an address is tried by one connection at a time, for mail or without. While it rests, mail leaves it alone, and whoever visits
 * it wants to know whether the rest has still a reason.
 */
function probesOf({ addresses, counters }: State, { hop, policyKey }: Place): number[] {
  const probes = [addresses.probeOf(hop.key), addresses.probeOf(policyKey)];
  return probes.filter((counter) => counter >= 0 && counters.limit.get(counter) > 0);
}

function hasRoom(s: State, { connectionGates, slots }: HeldLimits, nowMs: number): boolean {
  return (
    slots.every((counter) => s.counters.hasRoom(counter)) &&
    connectionGates.every((gate) => s.rates.lets(gate, 1, nowMs))
  );
}

function visitOf(connection: number, { source }: Place, hop: SocketHop): Visit {
  return { connection: connection as ConnectionHandle, hop, source };
}
