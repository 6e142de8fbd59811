// Tasks whose recipients have several routes stand in the queue of one of them. When that route has to wait for something
// that concerns it alone, a limit of its domain or a plan, recipients of other routes do not wait for it: they are split off.

import {
  countMixed,
  enqueueBehind,
  enqueueFirst,
  hasOneRoute,
  makeRunnable,
  makeTask,
  recipientsOf,
  routeOf,
  setRecipients,
} from './lifecycle.ts';
import { namesCounter } from '../reserve/held-limits.ts';
import { limitsOf } from '../reserve/needs.ts';
import type { State } from '../state.ts';
import { TaskState } from '../store/tasks.ts';

/** The ready tasks of a route that have recipients of other routes too. */
export function mixedTasksOf(s: State, route: number): number[] {
  const mixed: number[] = [];
  let left = s.routes.mixedTasks.get(route) ?? 0;
  for (let task = s.routes.firstTask.get(route); task >= 0 && left > 0; task = s.tasks.queue.next.get(task)) {
    if (hasOneRoute(s, task)) continue;
    mixed.push(task);
    left--;
  }
  return mixed;
}

/**
 * Splits a ready task in two: the recipients whose limits have this full counter, and the others.
 * @returns False when that holds for all of them alike.
 */
export function splitOff(s: State, task: number, counter: number, nowMs: number): boolean {
  const { recipients, tasks } = s;
  const isFull = (recipient: number): boolean =>
    namesCounter(limitsOf(s, recipients.route.get(recipient), nowMs), counter);
  const firstIsFull = isFull(tasks.firstRecipient.get(task));
  const staying: number[] = [];
  const leaving: number[] = [];
  for (const recipient of recipientsOf(s, task))
    (isFull(recipient) === firstIsFull ? staying : leaving).push(recipient);
  if (leaving.length === 0) return false;
  leave(s, task, staying, leaving);
  return true;
}

/** Splits a ready task in two: its first `count` recipients, and the others, which come right behind it. */
export function splitAfter(s: State, task: number, count: number): void {
  const all = recipientsOf(s, task);
  leave(s, task, all.slice(0, count), all.slice(count));
}

function leave(s: State, task: number, staying: readonly number[], leaving: readonly number[]): void {
  const { tasks } = s;
  countMixed(s, routeOf(s, task), task, -1);
  setRecipients(s, task, staying);
  s.routes.ready.add(routeOf(s, task), -leaving.length);
  countMixed(s, routeOf(s, task), task, 1);
  const split = makeTask(s, tasks.messageOf(task), leaving);
  const route = routeOf(s, split);
  tasks.state.set(split, TaskState.ready);
  if (route === routeOf(s, task)) enqueueBehind(s, route, split, task);
  else enqueueFirst(s, route, split);
  s.fresh.push(split);
  makeRunnable(s, route);
}
