// The life of tasks and recipients: made, queued, taken out of the queue, freed. It knows no limits.

import type { State } from '../state.ts';
import { MessageState } from '../store/messages.ts';
import { placeBehind, putInQueue, takeFromQueue } from './route-queue.ts';
import type { MessageHandle } from '../types.ts';
import { PlanState } from '../store/routes.ts';
import { TaskState } from '../store/tasks.ts';

/** The route in whose queue a task stands: that of its first recipient. */
export function routeOf(s: State, task: number): number {
  return s.recipients.route.get(s.tasks.firstRecipient.get(task));
}

/** Do all recipients of the task have the same route? */
export function hasOneRoute(s: State, task: number): boolean {
  const { next, route } = s.recipients;
  const first = s.tasks.firstRecipient.get(task);
  const expected = route.get(first);
  for (let recipient = next.get(first); recipient >= 0; recipient = next.get(recipient)) {
    if (route.get(recipient) !== expected) return false;
  }
  return true;
}

/** Does the task wait for a plan that cannot be looked up? */
export function isStranded(s: State, task: number): boolean {
  return s.lookupsStopped && isAsking(s, task);
}

/** Does the task wait for a plan? */
export function isAsking(s: State, task: number): boolean {
  const state = s.tasks.state.get(task);
  if (state === TaskState.asking) return true;
  return state === TaskState.ready && s.routes.plan.get(routeOf(s, task)) === PlanState.resolving;
}

/** The recipients of a task, in order. */
export function recipientsOf(s: State, task: number): number[] {
  const list: number[] = [];
  let recipient = s.tasks.firstRecipient.get(task);
  for (; recipient >= 0; recipient = s.recipients.next.get(recipient)) list.push(recipient);
  return list;
}

/** The tasks of a message. */
export function tasksOf(s: State, message: number): number[] {
  const list: number[] = [];
  let task = s.messages.firstTask.get(message);
  for (; task >= 0; task = s.tasks.siblings.nextOf(task)) list.push(task);
  return list;
}

/** Makes a task of these recipients (at least one); the caller gives it a state. */
export function makeTask(s: State, message: number, recipients: readonly number[]): number {
  const task = makeTaskOfOne(s, message, recipients[0] ?? -1);
  if (recipients.length > 1) setRecipients(s, task, recipients);
  return task;
}

/** A new task of one recipient. */
export function makeTaskOfOne(s: State, message: number, recipient: number): number {
  const { tasks } = s;
  const task = tasks.take();
  tasks.siblings.add(message, task);
  tasks.firstRecipient.set(task, recipient);
  s.recipients.next.set(recipient, -1);
  return task;
}

export function setRecipients(s: State, task: number, recipients: readonly number[]): void {
  let next = -1;
  for (let at = recipients.length - 1; at >= 0; at--) {
    const recipient = recipients[at] ?? -1;
    s.recipients.next.set(recipient, next);
    next = recipient;
  }
  s.tasks.firstRecipient.set(task, next);
}

/** Frees a task that is in no queue; its recipients are gone or belong to another task. */
export function freeTask(s: State, task: number): void {
  s.tasks.siblings.remove(task);
  s.tasks.give(task);
}

export function freeRecipient(s: State, recipient: number): void {
  s.refusals.drop(s.recipients.lastRefusal.get(recipient));
  s.routes.recipients.add(s.recipients.route.get(recipient), -1);
  s.recipients.give(recipient);
}

/** A task of the message is gone: if it was the last one, the message is done when this call returns. */
export function mayBeDone(s: State, message: number): void {
  if (s.messages.firstTask.get(message) < 0) s.finishing.push(message);
}

/** Reports the messages that have no task left. Not before the end of a call: tasks may be formed anew in it. */
export function reportDone(s: State): void {
  for (let at = 0; at < s.finishing.length; at++) {
    const message = s.finishing.at(at);
    if (s.messages.firstTask.get(message) >= 0 || s.messages.state(message) !== MessageState.queued) continue;
    s.messages.setState(message, MessageState.done);
    s.done.push(message);
    s.effects.push({ kind: 'done', message: message as MessageHandle });
  }
  s.finishing.clear();
}

/** Puts a task into its route's queue: behind those of its priority. */
export function enqueue(s: State, route: number, task: number): void {
  putInQueue(s, route, task, placeBehind(s, route, s.messages.rankOf(s.tasks.messageOf(task))));
  countMixed(s, route, task, 1);
}

/** Puts a task into its route's queue: before those of its priority. */
export function enqueueFirst(s: State, route: number, task: number): void {
  putInQueue(s, route, task, placeBehind(s, route, s.messages.rankOf(s.tasks.messageOf(task)) - 1));
  countMixed(s, route, task, 1);
}

/** Puts a task into its route's queue right behind another of the same message. */
export function enqueueBehind(s: State, route: number, task: number, before: number): void {
  putInQueue(s, route, task, before);
  countMixed(s, route, task, 1);
}

/** Counts tasks of a queue whose recipients have several routes: this one comes (1) or leaves (-1). */
export function countMixed(s: State, route: number, task: number, change: 1 | -1): void {
  if (hasOneRoute(s, task)) return;
  const { mixedTasks } = s.routes;
  const count = (mixedTasks.get(route) ?? 0) + change;
  if (count > 0) mixedTasks.set(route, count);
  else mixedTasks.delete(route);
}

/** Takes a task out of its route's queue. A route without tasks is parked on nothing. */
export function dequeue(s: State, route: number, task: number): void {
  takeFromQueue(s, route, task);
  countMixed(s, route, task, -1);
  if (s.routes.firstTask.get(route) >= 0) return;
  stopRoute(s, route);
  s.parking.since.set(route, 0);
}

/** The route is neither offered to idle connections nor parked any more. */
export function stopRoute(s: State, route: number): void {
  if (s.routes.isInRing(route)) s.sites.leaveRing(s.routes.site.get(route), route);
  if (s.parking.isParked(route)) s.parking.unpark(route);
}

/** Takes a task out of the queue and heap that it is in. */
export function withdraw(s: State, task: number): void {
  const state = s.tasks.state.get(task);
  s.tasks.due.take(task);
  if (state === TaskState.asking) {
    const message = s.tasks.messageOf(task);
    const asking = (s.asking.get(message) ?? 0) - 1;
    if (asking > 0) s.asking.set(message, asking);
    else s.asking.delete(message);
  }
  if (state === TaskState.ready || state === TaskState.asking) dequeue(s, routeOf(s, task), task);
}

/** The route may be able to get a grant: it is tried before this call returns. */
export function makeRunnable(s: State, route: number): void {
  if (s.routes.isRunnable.get(route) !== 0 || s.parking.isParked(route)) return;
  s.routes.isRunnable.set(route, 1);
  s.runnable.push(route);
}

/** Frees the handles of finished messages. */
export function freeDone(s: State): void {
  for (let done = s.done.pop(); done >= 0; done = s.done.pop()) s.messages.free(done);
}
