// The routing table changed: plans are requested again, and waiting recipients get their new routes.

import { activate } from '../work/gather.ts';
import { recipientsOf, tasksOf, withdraw } from '../work/lifecycle.ts';
import type { State } from '../state.ts';
import { waitAgain } from './renew-times.ts';
import { TaskState } from '../store/tasks.ts';
import type { NewRoute } from '../types.ts';

/** All plans expire now; each is requested again when there is work for it. */
export function expirePlans(s: State): void {
  for (let route = 0; route < s.routes.end; route++) s.routes.validUntilMs.set(route, 0);
}

/**
 * Gives recipients of a message, by their index in the envelope, new routes. Those in flight keep theirs.
 * @returns False when some of them are in flight.
 */
export function rerouteRecipients(
  s: State,
  message: number,
  routes: ReadonlyMap<number, NewRoute>,
  nowMs: number,
): boolean {
  const due: number[] = [];
  let complete = true;
  for (const task of tasksOf(s, message)) {
    const changed = recipientsOf(s, task).filter((row) => routes.has(s.recipients.envelopeIndex.get(row)));
    if (changed.length === 0) continue;
    const state = s.tasks.state.get(task);
    if (state === TaskState.active) {
      complete = false;
      continue;
    }
    withdraw(s, task);
    for (const row of changed) setRoute(s, row, routes.get(s.recipients.envelopeIndex.get(row)));
    if (state === TaskState.waiting || state === TaskState.held) waitAgain(s, task, nowMs);
    else due.push(task);
  }
  if (due.length > 0) due.push(...freeOfWaiting(s, message, due));
  if (due.length > 0) activate(s, message, due.reverse(), nowMs);
  return complete;
}

/** Recipients that waited only for the plans of routes which others of their message had: these wait no longer. */
function freeOfWaiting(s: State, message: number, moved: readonly number[]): number[] {
  if (s.asking.has(message)) return [];
  const freed = tasksOf(s, message).filter(
    (task) => s.tasks.state.get(task) === TaskState.gathering && !moved.includes(task),
  );
  for (const task of freed) withdraw(s, task);
  return freed;
}

function setRoute(s: State, row: number, next: NewRoute | undefined): void {
  if (next === undefined) return;
  const before = s.recipients.route.get(row);
  const { routes } = s;
  const route = routes.intern(next.route, next.domain, routes.tenantOf(before), routes.store.get(before));
  s.routes.recipients.add(before, -1);
  s.routes.recipients.add(route, 1);
  s.recipients.route.set(row, route);
}
