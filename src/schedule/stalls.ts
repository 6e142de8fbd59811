// When every connection is taken and others wait, those that hang in the air may not take the room of the living: a
// destination that has not greeted for seconds is given up once too many do so, rests like one that failed, and costs
// its mail no attempt. A twentieth of all connections may wait as long as their timeouts allow (RFC 5321 4.5.3.2.1).

import type { State } from './state.ts';
import type { ConnectionHandle } from './types.ts';

/** A connection that has not been greeted for this long hangs. */
const stallMs = 3_000;
const checkEveryMs = 100;
const least = 10;

/** When to look again; Infinity while nobody waits for a connection. */
export function nextStallCheckMs(s: State): number {
  if (!mayStall(s)) return Infinity;
  const oldestMs = s.connections.openedAtMs.get(s.connections.firstConnecting);
  return Math.max(s.stallCheckMs, oldestMs + stallMs);
}

/** Gives up what hangs beyond its share, those that began last first. */
export function giveUpStalled(s: State, nowMs: number): void {
  if (nowMs < s.stallCheckMs) return;
  s.stallCheckMs = nowMs + checkEveryMs;
  if (!mayStall(s)) return;
  const { connections } = s;
  let share = patience(s);
  let connection = connections.firstConnecting;
  while (connection >= 0 && connections.openedAtMs.get(connection) + stallMs <= nowMs) {
    const next = connections.connectingNext.get(connection);
    if (share > 0) {
      share -= 1;
    } else {
      connections.giveUp(connection);
      s.effects.push({ kind: 'close', connection: connection as ConnectionHandle });
    }
    connection = next;
  }
}

function mayStall(s: State): boolean {
  return s.counters.parked.get(s.all) > 0 && s.connections.connecting > patience(s);
}

/** Connections that may hang all the same. */
function patience(s: State): number {
  return Math.max(least, s.counters.limit.get(s.trials));
}
