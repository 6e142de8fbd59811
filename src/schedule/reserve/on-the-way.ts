// Transactions on the way: granted to a connection, and without results. A connection may have several, up to its depth; they
// begin and end in the order of their grants. Each reserves its limits at its grant, so that a grant ahead is counted like any
// other. A connection counts for all that it has on the way.

import { ConnectionState } from '../store/connections.ts';
import { roomLists } from '../store/sites.ts';
import type { State } from '../state.ts';

/** The task goes out on a connection, behind those that are on the way. It is in no queue. */
export function setOut(s: State, connection: number, task: number): void {
  const { firstTask, onTheWay } = s.connections;
  firstTask.set(connection, s.tasks.queue.append(firstTask.get(connection), task));
  onTheWay.add(connection, 1);
}

/** Takes the oldest transaction that is on the way off the connection. @returns its task; -1: none */
export function takeOldest(s: State, connection: number): number {
  const { firstTask, onTheWay } = s.connections;
  const task = firstTask.get(connection);
  if (task < 0) return -1;
  firstTask.set(connection, s.tasks.queue.remove(task, task));
  onTheWay.add(connection, -1);
  return task;
}

/** The number of the oldest transaction that is on the way, among all of the connection; when none is, of the next one. */
export function oldestNumber({ connections }: State, connection: number): number {
  return connections.transactions.get(connection) - connections.onTheWay.get(connection) + 1;
}

/** The tasks that are on the way, the oldest first. */
export function tasksOnTheWay(s: State, connection: number): number[] {
  const list: number[] = [];
  for (let task = s.connections.firstTask.get(connection); task >= 0; task = s.tasks.queue.next.get(task)) {
    list.push(task);
  }
  return list;
}

/** To be called when what is on the way has changed, or what may be: lists the connection where there is room, or nowhere. */
export function noteRoom(s: State, connection: number): void {
  const { connections } = s;
  // Most connections carry one transaction at a time.
  if (connections.depth.get(connection) < 2) return;
  const count = connections.onTheWay.get(connection);
  const hasRoom =
    connections.state.get(connection) === ConnectionState.busy &&
    count > 0 &&
    count < connections.depth.get(connection) &&
    connections.transactions.get(connection) < connections.mostTransactions.get(connection);
  s.sites.listRoom(connections.site.get(connection), connection, hasRoom ? Math.min(count, roomLists) : 0);
}

/** The connection ends. */
export function leaveRoom({ connections, sites }: State, connection: number): void {
  if (connections.roomList.get(connection) > 0)
    sites.listRoom(connections.site.get(connection), connection, 0);
}

/** The connection is idle or has room: before the call ends, it is offered to those who can use it. */
export function offer(s: State, connection: number): void {
  s.offering.push(s.connections.site.get(connection));
  s.newlyUsable.push(connection);
}
