// Other schedules, lifetimes or retry times while mail waits: they hold from now on, also for what waits.

import { isDeepStrictEqual } from 'node:util';
import { activate } from '../work/gather.ts';
import { recipientsOf, routeOf, withdraw } from '../work/lifecycle.ts';
import { attemptBeforeEndMs, lifeOf } from '../work/last-attempt.ts';
import { hasOneTimes, separateTimes } from '../work/task-times.ts';
import { retryDelayMs } from '../../values/retry.ts';
import { expiryOf, timesOf, type State } from '../state.ts';
import { TaskState } from '../store/tasks.ts';
import { MailTimes } from '../times/mail-times.ts';
import type { SchedulerConfig } from '../types.ts';

export function timesDiffer(before: SchedulerConfig, config: SchedulerConfig): boolean {
  return !isDeepStrictEqual(partsOf(before), partsOf(config));
}

function partsOf({ retryMs, lifetimeMs, bounceLifetimeMs, schedules = [] }: SchedulerConfig): unknown {
  // The windows are compared by their text.
  const shown = schedules.map(({ hours, ...rest }) => ({
    ...rest,
    hours: typeof hours === 'object' ? [hours.zone, ...hours.windows.map(({ text }) => text)] : hours,
  }));
  return [retryMs, lifetimeMs, bounceLifetimeMs, shown];
}

/** Finds the times of each route. No route is parked. */
export function renewTimes(s: State): void {
  s.times = new MailTimes(s.config, s.config.schedules ?? []);
  s.hours.set(s.times.rules);
  for (let route = 0; route < s.routes.end; route++) if (s.routes.isKnown(route)) s.routes.renewTimes(route);
}

/** Looks at all tasks: lifetimes end at other times, and next attempts come no later than the schedule in force says. */
export function renewTasks(s: State, nowMs: number): void {
  const { end, due, dueMs, state } = s.tasks;
  for (let task = 0; task < end; task++) {
    const kind = state.get(task);
    if (kind === TaskState.free || kind === TaskState.active) continue;
    if (kind === TaskState.waiting || kind === TaskState.held) {
      waitAgain(s, task, nowMs);
    } else if (!hasOneTimes(s, task)) {
      withdraw(s, task);
      activate(s, s.tasks.messageOf(task), [task], nowMs);
    } else if (due.has(task)) {
      const endMs = expiryOf(s, task);
      due.put(task, kind === TaskState.ready ? endMs : Math.min(dueMs.get(task), endMs));
    }
  }
}

/** A task waits on, or stays held, in several where its recipients have other times now, and no longer than these say. */
export function waitAgain(s: State, task: number, nowMs: number): void {
  const { due, dueMs, state } = s.tasks;
  due.take(task);
  for (const part of separateTimes(s, task)) {
    const atMs = againMs(s, part, nowMs);
    if (state.get(part) === TaskState.waiting) due.put(part, atMs);
    else dueMs.set(part, atMs);
  }
}

/** When the next attempt is due by the times in force; without one that failed, whoever set the time knows better. */
function againMs(s: State, task: number, nowMs: number): number {
  const dueMs = s.tasks.dueMs.get(task);
  const expiresAtMs = expiryOf(s, task);
  let attempts = 0;
  for (const row of recipientsOf(s, task)) attempts = Math.max(attempts, s.recipients.attempts.get(row));
  if (attempts === 0) return Math.min(dueMs, expiresAtMs);
  const times = timesOf(s, routeOf(s, task));
  const life = lifeOf(s, s.tasks.messageOf(task), expiresAtMs, nowMs);
  // Each has a chance of its own, so that not all mail is tried at the same moment.
  const delayMs =
    retryDelayMs(times.retry, attempts, life.ageMs) * (1 + s.config.retryJitter * s.random.next());
  return attemptBeforeEndMs(times, life, Math.min(dueMs, nowMs + Math.max(1, Math.ceil(delayMs))));
}
