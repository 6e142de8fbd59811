// May the current task go now, by its rates, and by the limits that look at the task and the place together? The order is
// the same everywhere: first what holds for the task alone, then what holds at a place.

import { Dimension } from '../store/counters.ts';
import { dropLimits, holdLimits } from './held-limits.ts';
import { limitsAtHop } from './local-ways.ts';
import type { HeldLimits, Place } from '../store/place.ts';
import { mostAtRest, taskFacts } from './needs.ts';
import type { State } from '../state.ts';

/** The first rate that the task in `s.needs` has to wait for wherever it goes; -1: none. */
export function closedGate(s: State, nowMs: number): number {
  const { needs, rates } = s;
  for (const gate of needs.messageGates) if (!rates.lets(gate, 1, nowMs)) return gate;
  for (const [at, gate] of needs.recipientGates.entries()) {
    if (!rates.lets(gate, needs.gateRecipients[at] ?? 1, nowMs)) return gate;
  }
  return -1;
}

/** The first rate of new connections that the task in `s.needs` has to wait for; -1: none. */
export function closedConnectionGate(s: State, nowMs: number): number {
  for (const gate of s.needs.connectionGates) if (!s.rates.lets(gate, 1, nowMs)) return gate;
  return -1;
}

/**
 * The first counter or rate that keeps the task in `s.needs` from going to a place; -1: none. On an open connection
 * only what counts messages holds; -1 for `connection` means a new one.
 */
export function closedGateAt(s: State, place: Place, connection: number, nowMs: number): number {
  const { needs } = s;
  const recipients = Math.min(needs.recipients, place.limits.recipientsPerMessage);
  const gate = closedGateOf(s, place.limits, recipients, connection < 0, nowMs);
  if (gate >= 0 || !s.limits.hasPairLimits) return gate;
  const held = needs.routes.map((route) => pairLimitsOf(s, route, place, nowMs));
  return closedPair(s, held, connection, nowMs);
}

/** The same for the limits of each route at a place. A gate that several routes share counts all their recipients. */
function closedPair(s: State, held: readonly HeldLimits[], connection: number, nowMs: number): number {
  const units = new Map<number, number>();
  for (const [at, limits] of held.entries()) {
    const full = fullCounterOf(s, limits, connection);
    if (full >= 0) return full;
    for (const gate of limits.messageGates) units.set(gate, 1);
    if (connection < 0) for (const gate of limits.connectionGates) units.set(gate, 1);
    const recipients = Math.min(s.needs.routeRecipients[at] ?? 1, limits.recipientsPerMessage);
    for (const gate of limits.recipientGates) units.set(gate, (units.get(gate) ?? 0) + recipients);
  }
  for (const [gate, events] of units) if (!s.rates.lets(gate, events, nowMs)) return gate;
  return -1;
}

/** The task in `s.needs` goes: spends what its rates count. */
export function spendRates(s: State, place: Place, isNewConnection: boolean, nowMs: number): void {
  const { needs, rates } = s;
  for (const gate of needs.messageGates) rates.spend(gate, 1, nowMs);
  for (const [at, gate] of needs.recipientGates.entries()) {
    rates.spend(gate, needs.gateRecipients[at] ?? 1, nowMs);
  }
  if (isNewConnection) for (const gate of needs.connectionGates) rates.spend(gate, 1, nowMs);
  spendRatesOf(s, place.limits, needs.recipients, isNewConnection, nowMs);
}

/** The same for the rates of some limits. What is in `seen` has counted the message and the connection already. */
export function spendRatesOf(
  s: State,
  limits: HeldLimits,
  recipients: number,
  isNewConnection: boolean,
  nowMs: number,
  seen: number[] = [],
): void {
  const once = (gate: number): void => {
    if (seen.includes(gate)) return;
    seen.push(gate);
    s.rates.spend(gate, 1, nowMs);
  };
  for (const gate of limits.messageGates) once(gate);
  for (const gate of limits.recipientGates) s.rates.spend(gate, recipients, nowMs);
  if (isNewConnection) for (const gate of limits.connectionGates) once(gate);
}

/**
 * The limits that depend on route and place. They are needed several times for each grant, and mostly again for the next
 * message at the same place: so they are looked up once.
 */
export function pairLimitsOf(s: State, route: number, place: Place, nowMs: number): HeldLimits {
  const { pairLimits } = s;
  if (pairLimits.place !== place || pairLimits.byRoute.size > mostAtRest) {
    forgetPairLimits(s);
    pairLimits.place = place;
  }
  const known = pairLimits.byRoute.get(route);
  if (known !== undefined) return known;
  const limits = holdPairLimits(s, route, place, nowMs);
  pairLimits.byRoute.set(route, limits);
  return limits;
}

/** Empties the cache. Counters are swept at the end of a call: limits that were handed out are good until then. */
export function forgetPairLimits(s: State): void {
  const { pairLimits } = s;
  pairLimits.place = undefined;
  for (const limits of pairLimits.byRoute.values()) dropLimits(s, limits);
  pairLimits.byRoute.clear();
}

/** The same, for the caller to drop. */
export function holdPairLimits(s: State, route: number, place: Place, nowMs: number): HeldLimits {
  const { hop, site, source } = place;
  const facts = { site, mx: hop.host, ip: hop.ip, source };
  const applied = s.limits.ofPair(taskFacts(s, route), facts);
  return holdLimits(s, limitsAtHop(hop, applied), Dimension.task, nowMs);
}

function closedGateOf(
  s: State,
  limits: HeldLimits,
  recipients: number,
  isNewConnection: boolean,
  nowMs: number,
): number {
  for (const gate of limits.messageGates) if (!s.rates.lets(gate, 1, nowMs)) return gate;
  for (const gate of limits.recipientGates) if (!s.rates.lets(gate, recipients, nowMs)) return gate;
  if (!isNewConnection) return -1;
  for (const gate of limits.connectionGates) if (!s.rates.lets(gate, 1, nowMs)) return gate;
  return -1;
}

function fullCounterOf(s: State, limits: HeldLimits, connection: number): number {
  for (const counter of limits.slots) {
    if (s.counters.hasRoom(counter)) continue;
    if (connection < 0 || !s.connections.doesHold(connection, counter)) return counter;
  }
  return -1;
}
