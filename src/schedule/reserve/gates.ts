// May the task at hand go now, as far as rates are concerned, and as far as limits are that look at the task and the place
// together? Asked in one order everywhere: what holds for the task alone, then what holds at a place.

import { Dimension } from '../store/counters.ts';
import { dropLimits, holdLimits } from './held-limits.ts';
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
  if (gate >= 0 || !s.limits.hasBoth) return gate;
  const held = needs.routes.map((route) => bothLimits(s, route, place, nowMs));
  return closedBoth(s, held, connection, nowMs);
}

/** The same for the limits of each route at a place; what they share counts all recipients together. */
function closedBoth(s: State, held: readonly HeldLimits[], connection: number, nowMs: number): number {
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
 * Limits that look at the message and at the place. They are asked for several times on the way to a grant, and mostly
 * again for the next message there: looked up once.
 */
export function bothLimits(s: State, route: number, place: Place, nowMs: number): HeldLimits {
  const { both } = s;
  if (both.place !== place || both.byRoute.size > mostAtRest) {
    forgetBoth(s);
    both.place = place;
  }
  const known = both.byRoute.get(route);
  if (known !== undefined) return known;
  const limits = holdBoth(s, route, place, nowMs);
  both.byRoute.set(route, limits);
  return limits;
}

/** Counters are swept at the end of a call, so what was handed out is good until then. */
export function forgetBoth(s: State): void {
  const { both } = s;
  both.place = undefined;
  for (const limits of both.byRoute.values()) dropLimits(s, limits);
  both.byRoute.clear();
}

/** The same, for the caller to drop. */
export function holdBoth(s: State, route: number, place: Place, nowMs: number): HeldLimits {
  const { hop, site, source } = place;
  const facts = { site, mx: hop.host, ip: hop.ip, source };
  return holdLimits(s, s.limits.ofBoth(taskFacts(s, route), facts), Dimension.task, nowMs);
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
