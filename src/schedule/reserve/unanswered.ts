// Connections that hang: nobody has greeted on them. When every connection is taken and others wait, they may not take the
// room of the living. What has hung for a moment steps aside: it goes on, and counts as `unanswered` instead of as one of
// all. The more hang, and the more fail, the more sites that nobody has reached yet may be tried beyond the limit of all
// connections: those that wait with the dead are most likely dead too, and whoever lives is found soon. Where there is no
// room for that either, what has not greeted for seconds is given up: its address rests like one that failed, and its mail
// spends no attempt.

import { Dimension } from '../store/counters.ts';
import type { State } from '../state.ts';
import type { ConnectionHandle } from '../types.ts';

/** A connection that has not been greeted for this long steps aside. */
const asideMs = 150;
/** For each, so many sites that nobody has reached yet may be tried beyond the limit of all. */
const beyondForEach = 4;
/** One that has not been greeted for this long may be given up. */
const stallMs = 3_000;
const checkEveryMs = 50;
/** Those that are never given up before their timeouts (RFC 5321 4.5.3.2.1): one in so many, and some. */
const patientOneIn = 20;
const patientLeast = 10;

/** When to look again; Infinity while nobody waits for a connection. */
export function nextHangingCheckMs(s: State): number {
  const { connections } = s;
  if (s.counters.parked.get(s.all) === 0) return Infinity;
  if (hasRoomAside(s)) {
    const next = connections.firstNear;
    return next < 0 ? Infinity : Math.max(s.hangingCheckMs, connections.openedAtMs.get(next) + asideMs);
  }
  if (connections.connectingCount <= patience(s)) return Infinity;
  return Math.max(s.hangingCheckMs, connections.openedAtMs.get(connections.firstConnecting) + stallMs);
}

/** What hangs steps aside; where there is no room aside, what hangs for long beyond its share is given up. */
export function moveHanging(s: State, nowMs: number): void {
  if (nowMs < s.hangingCheckMs) return;
  s.hangingCheckMs = nowMs + checkEveryMs;
  if (s.counters.parked.get(s.all) === 0) return;
  const { connections } = s;
  let connection = connections.firstNear;
  while (connection >= 0 && connections.openedAtMs.get(connection) + asideMs <= nowMs && hasRoomAside(s)) {
    connections.stepAside(connection);
    connections.releaseDimension(connection, Dimension.global, undefined);
    connections.releaseDimension(connection, Dimension.beyond, undefined);
    connection = connections.firstNear;
  }
  if (!hasRoomAside(s)) giveUp(s, nowMs);
}

/** It was greeted after all: it is one of all connections, even when that is one too many. False: it was that already. */
export function comeBack(s: State, connection: number, nowMs: number): boolean {
  const { connections } = s;
  if (connections.doesHold(connection, s.all)) return false;
  connections.releaseDimension(connection, Dimension.beyond, undefined);
  connections.recount(connection, [s.all]);
  s.late.note(nowMs);
  return true;
}

/**
 * How many may be tried beyond the limit of all: some for each that hangs or failed and is likely dead, less those that are
 * one too many. Where as many are greeted after all, hosts are slow and not dead.
 */
export function limitBeyond(s: State, nowMs: number): void {
  const { connections, counters } = s;
  const dead = Math.max(0, connections.hanging + s.failures.at(nowMs) - s.late.at(nowMs));
  const wanted = beyondForEach * dead - surplus(s);
  const room = counters.limit.get(s.all) === 0 ? 0 : mostUnanswered(s) - connections.hanging - surplus(s);
  const limit = Math.max(0, Math.min(wanted, room));
  if (counters.limit.get(s.beyond) !== limit) counters.setLimit(s.beyond, limit);
}

/** The counter that a new connection to a site is one of; -1: neither has room. */
export function counterOfNew(s: State, site: number): number {
  if (s.counters.hasRoom(s.all)) return s.all;
  return isUnproven(s, site) && s.counters.hasRoom(s.beyond) ? s.beyond : -1;
}

/** Is no open connection to the site through the greeting? */
export function isUnproven(s: State, site: number): boolean {
  return s.sites.established.get(site) === 0;
}

export function mostUnanswered(s: State): number {
  const most = s.config.limits.unanswered ?? 0;
  return Math.max(0, Math.min(most, s.carried - s.counters.limit.get(s.all)));
}

/** Gives up what hangs beyond its share, those that began last first. */
function giveUp(s: State, nowMs: number): void {
  const { connections } = s;
  if (connections.connectingCount <= patience(s)) return;
  let share = patience(s);
  let connection = connections.firstConnecting;
  while (connection >= 0 && connections.openedAtMs.get(connection) + stallMs <= nowMs) {
    const next = connections.connecting.next.get(connection);
    if (share > 0) {
      share--;
    } else {
      connections.giveUp(connection);
      s.effects.push({ kind: 'close', connection: connection as ConnectionHandle });
    }
    connection = next;
  }
}

function hasRoomAside(s: State): boolean {
  return s.connections.hanging + s.counters.used.get(s.beyond) + surplus(s) < mostUnanswered(s);
}

/** Connections above the limit of all. */
function surplus(s: State): number {
  return Math.max(0, s.counters.used.get(s.all) - s.counters.limit.get(s.all));
}

function patience(s: State): number {
  const most = s.counters.limit.get(s.all) + mostUnanswered(s);
  return Math.max(patientLeast, Math.floor(most / patientOneIn));
}
