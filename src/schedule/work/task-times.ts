// The times of a task: whether a schedule lets it go now, and the tasks that it becomes when its recipients have different times,
// as after a reload. In a queue, and while it waits, a task has one for all its recipients.

import { timesOf, type State } from '../state.ts';
import { usual } from '../times/mail-times.ts';
import { makeTask, recipientsOf, setRecipients } from './lifecycle.ts';

/** The counter of the delivery windows that the route's mail has; -1: it may go at any time. */
export function hoursOf(s: State, route: number): number {
  return s.routes.times.get(route) === usual ? -1 : s.hours.counterOf(timesOf(s, route).from.hours);
}

/** Is no delivery window of the route's mail open? */
export function isClosed(s: State, route: number): boolean {
  const counter = hoursOf(s, route);
  return counter >= 0 && !s.counters.hasRoom(counter);
}

/** Do the same schedules hold for all recipients of the task? */
export function hasOneTimes(s: State, task: number): boolean {
  if (s.times.rules.length === 0) return true;
  const { next, route } = s.recipients;
  const first = s.tasks.firstRecipient.get(task);
  const expected = s.routes.times.get(route.get(first));
  for (let recipient = next.get(first); recipient >= 0; recipient = next.get(recipient)) {
    if (s.routes.times.get(route.get(recipient)) !== expected) return false;
  }
  return true;
}

/**
 * Splits a task that is in no queue and no heap, so that each has one for all its recipients. The new ones have its state and due
 * time, and are in no heap either.
 * @returns the task, which keeps its first recipient, and the new ones
 */
export function separateTimes(s: State, task: number): number[] {
  if (hasOneTimes(s, task)) return [task];
  return separate(s, task, (row) => s.routes.times.get(s.recipients.route.get(row)));
}

/** Splits a task, as above, by a key of its recipients. */
export function separate(s: State, task: number, keyOf: (row: number) => number): number[] {
  const groups = Map.groupBy(recipientsOf(s, task), keyOf);
  const [own = [], ...others] = groups.values();
  setRecipients(s, task, own);
  const parts = others.map((group) => {
    const part = makeTask(s, s.tasks.messageOf(task), group);
    s.tasks.state.set(part, s.tasks.state.get(task));
    s.tasks.dueMs.set(part, s.tasks.dueMs.get(task));
    return part;
  });
  return [task, ...parts];
}
