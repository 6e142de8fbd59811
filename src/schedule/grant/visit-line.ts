// Visits that somebody waits for: each begins as soon as limits allow, before mail, of which there may always be more. Promises: a connection of
// mail makes room for a visit when its transaction is over, or at once when it is idle, and no more of them do than visits wait; with no visit
// in the line, nothing of this costs anything.

import type { State } from '../state.ts';
import type { VisitTarget } from '../store/visit-types.ts';
import { closeIdle } from './close.ts';
import { beginVisit } from './visit.ts';

/** @param number - the caller's */
export function joinLine(s: State, number: number, target: VisitTarget): void {
  s.visitLine.set(number, { target, blockers: [] });
}

/** Other limits hold: what was in the way may have gone. */
export function lookAgainAtVisits({ visitLine }: State): void {
  for (const [number, waiting] of visitLine) visitLine.set(number, { ...waiting, blockers: [] });
}

/**
 * Begins the visits for which there is room, and has mail make room for the others. Where mail waits for the same room, they take turns.
 * @returns the counters whose room is left to mail this time
 */
export function serveVisits(s: State, nowMs: number): ReadonlySet<number> {
  const { counters, visitLine, visitTurns } = s;
  const left = new Set<number>();
  for (const [number, waiting] of visitLine) {
    const { blockers, target } = waiting;
    const freed = blockers.filter((counter) => counters.hasRoom(counter));
    if (blockers.length > 0 && freed.length === 0) continue;
    const wanted = freed.filter((counter) => s.parking.firstRouteOf(counter) >= 0);
    const turnsOfMail = wanted.filter((counter) => visitTurns.has(counter));
    if (turnsOfMail.length > 0) {
      for (const counter of turnsOfMail) left.add(counter);
      continue;
    }
    const visit = beginVisit(s, target, nowMs);
    if (visit === undefined && s.blockers.length > 0) {
      const inTheWay = Array.from({ length: s.blockers.length }, (_, at) => s.blockers.at(at));
      visitLine.set(number, { target, blockers: inTheWay });
      for (const counter of inTheWay) closeIdleFor(s, counter);
      continue;
    }
    for (const counter of wanted) visitTurns.add(counter);
    visitLine.delete(number);
    s.effects.push({ kind: 'visit', number, visit });
  }
  return left;
}

/** Mail has had its turn for this room: visits take what is left of it, and have the next turn. */
export function endTurnsOfMail(s: State, left: ReadonlySet<number>, nowMs: number): void {
  for (const counter of left) s.visitTurns.delete(counter);
  if (s.visitLine.size === 0) s.visitTurns.clear();
  else if (left.size > 0) serveVisits(s, nowMs);
}

/** Does a visit wait for a slot that this connection holds, and that no other one is about to give back? */
export function isWantedByVisit(s: State, connection: number): boolean {
  if (s.visitLine.size === 0) return false;
  for (const { blockers } of s.visitLine.values()) {
    for (const counter of blockers)
      if (s.connections.doesHold(connection, counter) && lacksRoom(s, counter)) return true;
  }
  return false;
}

function closeIdleFor(s: State, counter: number): void {
  const { firstIdle } = s.counters;
  while (firstIdle.get(counter) >= 0 && lacksRoom(s, counter))
    closeIdle(s, s.connections.holds.connection.get(firstIdle.get(counter)));
}

/** Do fewer connections of the counter close than visits wait for it? */
function lacksRoom({ counters, visitLine }: State, counter: number): boolean {
  let waiting = 0;
  for (const { blockers } of visitLine.values()) if (blockers.includes(counter)) waiting++;
  return counters.closing.get(counter) < waiting && !counters.hasRoom(counter);
}
