// The queue of a route: its tasks by priority, then by age. One chain; where tasks of several priorities stand in it, the
// ends of the priorities are noted, so that every insertion costs the same. Most routes never have more than one.

import { priorities } from '../store/messages.ts';
import type { State } from '../state.ts';

/** The last task of each priority, highest first; -1: none. */
type Ends = Int32Array;

/** The last task whose rank is at most this one; -1: none. Rank 0 is the highest priority. */
export function placeBehind(s: State, route: number, rank: number): number {
  const last = s.tasks.queue.last(s.routes.firstTask.get(route));
  if (last < 0 || rankOf(s, last) <= rank) return last;
  const ends = s.routes.priorityEnds.get(route);
  for (let at = rank; at >= 0; at--) {
    const end = ends?.[at] ?? -1;
    if (end >= 0) return end;
  }
  return -1;
}

/** Puts a task behind another of the route's queue; behind -1 it becomes the first. */
export function putInQueue(s: State, route: number, task: number, previous: number): void {
  const { queue } = s.tasks;
  const { firstTask, priorityEnds, ready } = s.routes;
  const first = firstTask.get(route);
  const rank = rankOf(s, task);
  const ends = priorityEnds.get(route) ?? newEnds(s, route, rank);
  firstTask.set(route, queue.insertBehind(first, previous, task));
  ready.add(route, sizeOf(s, task));
  if (ends === undefined) return;
  const next = queue.next.get(task);
  if (next < 0 || rankOf(s, next) !== rank) ends[rank] = task;
}

export function takeFromQueue(s: State, route: number, task: number): void {
  const { queue } = s.tasks;
  const { firstTask, priorityEnds, ready } = s.routes;
  const first = firstTask.get(route);
  const ends = priorityEnds.get(route);
  if (ends !== undefined) {
    const rank = rankOf(s, task);
    const previous = task === first ? -1 : queue.previous.get(task);
    if (ends[rank] === task) ends[rank] = previous >= 0 && rankOf(s, previous) === rank ? previous : -1;
  }
  ready.add(route, -sizeOf(s, task));
  const left = queue.remove(first, task);
  firstTask.set(route, left);
  if (left < 0 && ends !== undefined) priorityEnds.delete(route);
}

/** Notes the ends when a task of another priority comes to a queue that had only one. */
function newEnds(s: State, route: number, rank: number): Ends | undefined {
  const last = s.tasks.queue.last(s.routes.firstTask.get(route));
  if (last < 0 || rankOf(s, last) === rank) return undefined;
  const ends: Ends = new Int32Array(priorities).fill(-1);
  ends[rankOf(s, last)] = last;
  s.routes.priorityEnds.set(route, ends);
  return ends;
}

/** Recipients of a task. */
function sizeOf(s: State, task: number): number {
  let size = 0;
  let recipient = s.tasks.firstRecipient.get(task);
  for (; recipient >= 0; recipient = s.recipients.next.get(recipient)) size++;
  return size;
}

function rankOf(s: State, task: number): number {
  return s.messages.rankOf(s.tasks.messageOf(task));
}
