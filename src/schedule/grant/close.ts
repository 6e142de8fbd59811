// Connections that are told to close: idle ones that stand in the way of waiting routes or of a lowered limit, and those that are
// not to be used again. What has begun on them is finished; what has not comes back.

import { noteRoom } from '../reserve/on-the-way.ts';
import type { State } from '../state.ts';
import type { ConnectionHandle } from '../types.ts';

/** Closes the longest idle connections that stand in the way of parked routes. */
export function makeRoom(s: State, counter: number): void {
  const { connections, counters } = s;
  for (let hold = counters.firstIdle.get(counter); hold >= 0; hold = counters.firstIdle.get(counter)) {
    if (!counters.lacksSlots(counter)) break;
    closeIdle(s, connections.holds.connection.get(hold));
  }
}

/** Closes idle connections above a lowered limit; busy ones close when the oldest of their transactions is over. */
export function closeSurplus(s: State, counter: number): void {
  const { closing, firstIdle, limit, used } = s.counters;
  while (used.get(counter) - closing.get(counter) > limit.get(counter) && firstIdle.get(counter) >= 0) {
    closeIdle(s, s.connections.holds.connection.get(firstIdle.get(counter)));
  }
}

/** Tells an idle connection to close. */
export function closeIdle(s: State, connection: number): void {
  s.connections.removeFromIdle(connection);
  s.sites.removeIdle(s.connections.site.get(connection), connection);
  close(s, connection);
}

/** Tells a connection that is in no idle list to close; its slots stay taken until it says that it is closed. */
export function close(s: State, connection: number): void {
  startClosing(s, connection);
  s.effects.push({ kind: 'close', connection: connection as ConnectionHandle });
}

/** Nothing is granted to the connection any more. */
export function startClosing(s: State, connection: number): void {
  s.connections.markClosing(connection);
  noteRoom(s, connection);
}
