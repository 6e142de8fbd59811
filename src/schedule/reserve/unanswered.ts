// The policy for connections that hang: no host has greeted on them. It acts only while all connections of the global
// limit are in use and mail waits for one, so that dead destinations do not take the room of living ones.
//
// 1. After `afterMs` without a greeting, a connection moves from the global limit to the `unanswered` limit. It stays open,
//    until its own timeout (RFC 5321 4.5.3.2.1).
// 2. For each connection that hangs, and for each that failed in the last seconds, `extraConnections` to unproven sites
//    may be opened above the global limit: sites that wait together with dead ones are mostly dead, too, and so the living
//    ones among them are found soon. Connections that were greeted late reduce this: then hosts are slow and not dead.
// 3. A connection that is greeted late counts against the global limit again, even above it.
// 4. When the `unanswered` limit is lowered, what is above it counts against the global limit again, even above it.
// 5. When the `unanswered` limit is reached as well, connections that have waited `giveUpMs` are closed, the newest of them
//    first. Their addresses rest like those that failed, and their mail spends no attempt.
//
// The callers tell of each connection: `connectionOpened`, then `connectionGreeted` or `connectionGone`.

import { ConnectionState } from '../store/connections.ts';
import { Dimension } from '../store/counters.ts';
import { isLocalSite } from './local-ways.ts';
import type { State } from '../state.ts';
import type { ConnectionHandle, UnansweredPolicy } from '../types.ts';

/** The numbers of the policy where the configuration gives none. */
export const defaultUnansweredPolicy: UnansweredPolicy = {
  afterMs: 150,
  extraConnections: 4,
  giveUpMs: 3_000,
  patientOneIn: 20,
  patientLeast: 10,
};

/** Connections are looked at this often at most: this bounds the cost and needs no key, since no decision hangs on it. */
const checkEveryMs = 50;

/** Reserves a slot for a new connection to this site; the caller has seen that `counterOfNew` has one. */
export function connectionOpened(s: State, connection: number, site: number): void {
  // Nobody has to greet here.
  if (!isLocalSite(s, site)) s.connections.unanswered.add(connection);
  s.connections.reserve(connection, counterOfNew(s, site));
}

/** The host has greeted. True: the connection had left the global limit and counts against it again, maybe above it. */
export function connectionGreeted(s: State, connection: number, nowMs: number): boolean {
  if (s.connections.doesHold(connection, s.localCounter)) return false;
  s.connections.unanswered.remove(connection);
  if (s.connections.doesHold(connection, s.globalCounter)) return false;
  countAsEstablished(s, connection);
  s.connections.unanswered.lateGreetings.note(nowMs);
  return true;
}

/**
 * The connection ended without a greeting, and its slots are still taken.
 * @param isLocal - this host is to blame: that says nothing about the site
 */
export function connectionGone(s: State, connection: number, isLocal: boolean, nowMs: number): void {
  const { unanswered, site } = s.connections;
  if (s.connections.doesHold(connection, s.localCounter)) return;
  if (!isLocal && isUnproven(s, site.get(connection))) unanswered.failures.note(nowMs);
  unanswered.remove(connection);
}

/** Was the connection told to close before it was greeted? */
export function isGivenUp(s: State, connection: number): boolean {
  return s.connections.unanswered.isGivenUp(connection);
}

/** When `checkUnanswered` has something to do next; Infinity while no mail waits for a connection. */
export function nextUnansweredCheckMs(s: State): number {
  const { openedAtMs, unanswered } = s.connections;
  if (!isContended(s)) return Infinity;
  const { afterMs, giveUpMs } = policyOf(s);
  if (hasRoomForHanging(s)) {
    const next = unanswered.firstNotHanging;
    return next < 0 ? Infinity : Math.max(unanswered.nextCheckMs, openedAtMs.get(next) + afterMs);
  }
  if (unanswered.waitingCount <= patientCount(s)) return Infinity;
  return Math.max(unanswered.nextCheckMs, openedAtMs.get(unanswered.first) + giveUpMs);
}

/** Moves connections that hang to the `unanswered` limit; when that is reached, gives up those beyond the patient share. */
export function checkUnanswered(s: State, nowMs: number): void {
  const { openedAtMs, unanswered } = s.connections;
  if (nowMs < unanswered.nextCheckMs) return;
  unanswered.nextCheckMs = nowMs + checkEveryMs;
  if (!isContended(s)) return;
  const { afterMs } = policyOf(s);
  let connection = unanswered.firstNotHanging;
  while (connection >= 0 && openedAtMs.get(connection) + afterMs <= nowMs && hasRoomForHanging(s)) {
    unanswered.markFirstHanging();
    leaveGlobalLimit(s, connection);
    connection = unanswered.firstNotHanging;
  }
  if (!hasRoomForHanging(s)) giveUpImpatient(s, nowMs);
}

/** Sets how many connections to unproven sites may be open above the global limit now, those that hang not counted. */
export function limitOverflow(s: State, nowMs: number): void {
  const { counters, overflowCounter } = s;
  const { failures, hangingCount, lateGreetings } = s.connections.unanswered;
  const dead = Math.max(0, hangingCount + failures.at(nowMs) - lateGreetings.at(nowMs));
  const wanted = policyOf(s).extraConnections * dead - surplus(s);
  const isStopped = counters.limit.get(s.globalCounter) === 0;
  const room = isStopped ? 0 : mostUnanswered(s) - hangingCount - surplus(s);
  const limit = Math.max(0, Math.min(wanted, room));
  if (counters.limit.get(overflowCounter) !== limit) counters.setLimit(overflowCounter, limit);
}

/**
 * A new configuration may have lowered the `unanswered` limit: connections above it count against the global limit again. Both
 * limits together would else be exceeded by what hangs, for as long as it does.
 * @param live - all connections
 */
export function returnToGlobalLimit(s: State, live: readonly number[]): void {
  let surplusCount = unansweredCount(s) - (s.config.limits.unanswered ?? 0);
  if (surplusCount <= 0) return;
  const { connections } = s;
  const { unanswered } = connections;
  const isAbove = (connection: number): boolean => connections.doesHold(connection, s.overflowCounter);
  const isClosing = (connection: number): boolean =>
    unanswered.hanging.get(connection) === 1 && unanswered.isGivenUp(connection);
  for (const connection of [...live.filter(isAbove), ...live.filter(isClosing), ...hangingNewestFirst(s)]) {
    if (surplusCount <= 0) return;
    if (unanswered.hanging.get(connection) === 1) unanswered.stopHanging(connection);
    countAsEstablished(s, connection);
    surplusCount--;
  }
}

/** The counter that a new connection to a site takes a slot of: global, overflow or local; -1: none has room. */
export function counterOfNew(s: State, site: number): number {
  if (isLocalSite(s, site)) return s.counters.hasRoom(s.localCounter) ? s.localCounter : -1;
  if (s.counters.hasRoom(s.globalCounter)) return s.globalCounter;
  return isUnproven(s, site) && s.counters.hasRoom(s.overflowCounter) ? s.overflowCounter : -1;
}

/** Has the site no established connection now? */
export function isUnproven(s: State, site: number): boolean {
  return s.sites.established.get(site) === 0;
}

/** The `unanswered` limit: as configured, and as far as the sender processes carry so many. */
export function mostUnanswered(s: State): number {
  const most = s.config.limits.unanswered ?? 0;
  return Math.max(0, Math.min(most, s.carried - s.counters.limit.get(s.globalCounter)));
}

/** Connections that count against the `unanswered` limit: those that hang, and those opened above the global limit. */
export function unansweredCount(s: State): number {
  return s.connections.unanswered.hangingCount + s.counters.used.get(s.overflowCounter);
}

/** Moves a late-greeted connection back to the global limit, even above it. */
function countAsEstablished(s: State, connection: number): void {
  s.connections.releaseDimension(connection, Dimension.overflow);
  s.connections.recount(connection, [s.globalCounter]);
}

/** Those that hang and were not told to close. */
function hangingNewestFirst(s: State): number[] {
  const { unanswered } = s.connections;
  const hanging: number[] = [];
  for (let at = unanswered.first; at >= 0 && at !== unanswered.firstNotHanging;) {
    hanging.push(at);
    at = unanswered.waiting.next.get(at);
  }
  return hanging.reverse();
}

function leaveGlobalLimit(s: State, connection: number): void {
  s.connections.releaseDimension(connection, Dimension.global);
  s.connections.releaseDimension(connection, Dimension.overflow);
}

/** Closes connections that have waited for `giveUpMs`, except for visits and the oldest ones: the share that is left alone. */
function giveUpImpatient(s: State, nowMs: number): void {
  const { openedAtMs, state, unanswered } = s.connections;
  let patient = patientCount(s);
  if (unanswered.waitingCount <= patient) return;
  const { giveUpMs } = policyOf(s);
  let connection = unanswered.first;
  while (connection >= 0 && openedAtMs.get(connection) + giveUpMs <= nowMs) {
    const next = unanswered.waiting.next.get(connection);
    if (patient > 0) {
      patient--;
    } else if (state.get(connection) !== ConnectionState.visiting) {
      unanswered.giveUp(connection);
      s.effects.push({ kind: 'close', connection: connection as ConnectionHandle });
    }
    connection = next;
  }
}

/** Does mail wait for a connection of the global limit? */
function isContended(s: State): boolean {
  return s.counters.parked.get(s.globalCounter) > 0;
}

function hasRoomForHanging(s: State): boolean {
  return unansweredCount(s) + surplus(s) < mostUnanswered(s);
}

/** Connections above the global limit that count against it: they take room of the `unanswered` limit. */
function surplus(s: State): number {
  return Math.max(0, s.counters.used.get(s.globalCounter) - s.counters.limit.get(s.globalCounter));
}

/** Share that is always left to its own timeout: 1 in `patientOneIn`, at least `patientLeast`. */
function patientCount(s: State): number {
  const { patientLeast, patientOneIn } = policyOf(s);
  const most = s.counters.limit.get(s.globalCounter) + mostUnanswered(s);
  return Math.max(patientLeast, Math.floor(most / patientOneIn));
}

function policyOf(s: State): UnansweredPolicy {
  return s.config.limits.unansweredPolicy ?? defaultUnansweredPolicy;
}
