// Forming tasks: recipients of one message that go to one site share a task, also across domains. While plans of some
// routes are requested, the message's recipients wait for each other for a short time.

import {
  enqueue,
  enqueueFirst,
  hasOneRoute,
  makeRunnable,
  makeTask,
  recipientsOf,
  routeOf,
  freeTask,
  stopRoute,
  tasksOf,
  withdraw,
} from './lifecycle.ts';
import { hasOneTimes, isClosed } from './task-times.ts';
import { PlanState } from '../store/routes.ts';
import { settleByPlan, wait } from './settle.ts';
import { splitOff } from './split.ts';
import { expiryOf, type State } from '../state.ts';
import { TaskState } from '../store/tasks.ts';

/** Above the numbers of times: see `MailTimes`. */
const mostTimes = 0x10000;
/** Ms that recipients with known routes wait for plans of the others; `routeGraceMs` of the configuration changes it. */
const defaultGraceMs = 2_000;

/**
 * Tasks of one message are due: forms them anew where routes changed, and makes them ready. They are in no queue.
 * When `patient`, recipients whose routes are known wait for those whose plans are looked up.
 */
export function activate(
  s: State,
  message: number,
  tasks: readonly number[],
  nowMs: number,
  patient = true,
): void {
  const only = tasks[0] ?? -1;
  if (tasks.length === 1 && hasOneRoute(s, only)) {
    makeReady(s, only, nowMs);
    return;
  }
  const index = s.recipients.envelopeIndex;
  const recipients = tasks
    .flatMap((task) => recipientsOf(s, task))
    .sort((left, right) => index.get(left) - index.get(right));
  for (const task of tasks) freeTask(s, task);
  formTasks(s, message, recipients, nowMs, patient);
}

/** Makes tasks of recipients that are due now. */
export function formTasks(
  s: State,
  message: number,
  recipients: readonly number[],
  nowMs: number,
  patient = true,
): void {
  const groups = new Map<number, number[]>();
  let unknown = 0;
  for (const recipient of recipients) {
    const route = s.recipients.route.get(recipient);
    const known = s.routes.hasRelay(route, nowMs);
    // A task has the same times for all its recipients.
    const key = known ? s.routes.site.get(route) * mostTimes + s.routes.times.get(route) : -1 - route;
    const group = groups.get(key);
    if (group !== undefined) {
      group.push(recipient);
      continue;
    }
    groups.set(key, [recipient]);
    if (!known && s.routes.errorOf(route, nowMs) === undefined) unknown++;
  }
  const waitForEachOther = patient && unknown > 0 && groups.size > 1;
  for (const group of groups.values()) {
    for (const part of chunks(group, s.config.recipientsPerTransaction)) {
      const task = makeTask(s, message, part);
      if (waitForEachOther) startGathering(s, task, nowMs);
      else makeReady(s, task, nowMs);
    }
  }
}

/** Puts a task into its route's queue, or settles it when the route's plan is an error. */
export function makeReady(s: State, task: number, nowMs: number): void {
  const route = routeOf(s, task);
  const error = s.routes.errorOf(route, nowMs);
  if (error !== undefined && hasOneRoute(s, task) && (error.permanent || !isClosed(s, route))) {
    settleByPlan(s, task, error, nowMs);
    return;
  }
  s.tasks.state.set(task, TaskState.ready);
  enqueue(s, route, task);
  queued(s, route, task, nowMs);
}

/** Puts a task back to the head of its route's queue, as if it had not been granted. */
export function putBack(s: State, task: number, nowMs: number): void {
  const route = routeOf(s, task);
  if (s.messages.isHeld(s.tasks.messageOf(task))) {
    wait(s, task, nowMs);
  } else if (!hasOneTimes(s, task) || (s.routes.errorOf(route, nowMs) !== undefined && !isClosed(s, route))) {
    activate(s, s.tasks.messageOf(task), [task], nowMs);
  } else {
    s.tasks.state.set(task, TaskState.ready);
    enqueueFirst(s, route, task);
    queued(s, route, task, nowMs);
  }
}

function queued(s: State, route: number, task: number, nowMs: number): void {
  s.fresh.push(task);
  if (s.parking.isParked(route) && !s.routes.isInRing(route) && !hasOneRoute(s, task)) {
    for (const counter of s.parking.countersOf(route)) splitOff(s, task, counter, nowMs);
  }
  makeRunnable(s, route);
}

/** Asks for the route's plan unless that is under way. */
export function requestPlan(s: State, route: number): void {
  stopRoute(s, route);
  if (s.routes.plan.get(route) === PlanState.resolving) return;
  s.routes.plan.set(route, PlanState.resolving);
  s.effects.push({ kind: 'resolve', route: s.routes.nameOf(route), key: s.routes.keyOf(route) });
}

/** The plan of a route has come: its asking tasks go on, together with the rest of their message when all plans are there. */
export function endAsking(s: State, route: number, nowMs: number): void {
  let task = s.routes.firstTask.get(route);
  const complete: number[] = [];
  while (task >= 0) {
    const next = s.tasks.queue.next.get(task);
    if (s.tasks.state.get(task) === TaskState.asking) {
      const dueMs = s.tasks.dueMs.get(task);
      const message = s.tasks.messageOf(task);
      withdraw(s, task);
      s.tasks.state.set(task, TaskState.gathering);
      s.tasks.due.put(task, dueMs);
      if (!s.asking.has(message)) complete.push(message);
    }
    task = next;
  }
  for (const message of complete) endGathering(s, message, nowMs);
}

/** The message's recipients have waited for each other long enough, or all plans are known. */
export function endGathering(s: State, message: number, nowMs: number): void {
  const known: number[] = [];
  for (const task of tasksOf(s, message)) {
    const state = s.tasks.state.get(task);
    if (state === TaskState.gathering) {
      known.push(task);
    } else if (state === TaskState.asking) {
      s.tasks.state.set(task, TaskState.ready);
      s.tasks.due.put(task, expiryOf(s, task));
    }
  }
  s.asking.delete(message);
  for (const task of known) s.tasks.due.take(task);
  // Oldest first: the list of a message starts with its newest task.
  if (known.length > 0) activate(s, message, known.reverse(), nowMs, false);
}

function startGathering(s: State, task: number, nowMs: number): void {
  const message = s.tasks.messageOf(task);
  const route = routeOf(s, task);
  const isKnown = s.routes.hasRelay(route, nowMs) || s.routes.errorOf(route, nowMs) !== undefined;
  s.tasks.state.set(task, isKnown ? TaskState.gathering : TaskState.asking);
  s.tasks.due.put(task, Math.min(nowMs + (s.config.routeGraceMs ?? defaultGraceMs), expiryOf(s, task)));
  if (isKnown) return;
  enqueue(s, route, task);
  s.asking.set(message, (s.asking.get(message) ?? 0) + 1);
  requestPlan(s, route);
}

function chunks(list: readonly number[], size: number): (readonly number[])[] {
  if (list.length <= size) return [list];
  const parts: number[][] = [];
  for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
  return parts;
}
