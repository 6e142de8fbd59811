// What operators do to one message: hold, release, retry now, remove. Transactions in flight always finish.

import { activate, putBack } from '../work/gather.ts';
import {
  freeRecipient,
  freeTask,
  makeTask,
  mayBeDone,
  recipientsOf,
  routeOf,
  setRecipients,
  tasksOf,
  withdraw,
} from '../work/lifecycle.ts';
import { wait } from '../work/settle.ts';
import { expiryOf, type State } from '../state.ts';
import { policyKeyOf } from '../store/place.ts';
import { TaskState } from '../store/tasks.ts';

/** A message that is released near or after the end of its lifetime is still tried for this long. */
const releaseGraceMs = 3_600_000;

/** From now on nothing of the message is granted, and it does not expire. False: it was held already. */
export function holdMessage(s: State, message: number): boolean {
  const isNew = !s.messages.isHeld(message);
  s.messages.setHeld(message, true);
  for (const task of tasksOf(s, message)) {
    const state = s.tasks.state.get(task);
    if (state === TaskState.active || state === TaskState.held) continue;
    withdraw(s, task);
    s.tasks.state.set(task, TaskState.held);
    if (state !== TaskState.waiting) s.tasks.dueMs.set(task, 0);
  }
  return isNew;
}

/**
 * Ends the hold: recipients that are due go out now. A lifetime that ended under the hold starts again, which is not
 * journaled. False: the message was not held.
 */
export function releaseMessage(s: State, message: number, nowMs: number): boolean {
  if (!s.messages.isHeld(message)) return false;
  s.messages.setHeld(message, false);
  const receivedAtMs = s.messages.receivedAtMs.get(message);
  const expiresAtMs = Math.min(...tasksOf(s, message).map((task) => expiryOf(s, task)));
  const graceMs = Math.min(releaseGraceMs, expiresAtMs - receivedAtMs);
  const lackingMs = nowMs + graceMs - expiresAtMs;
  if (lackingMs > 0) s.messages.receivedAtMs.set(message, receivedAtMs + lackingMs);
  const due: number[] = [];
  for (const task of tasksOf(s, message)) {
    if (s.tasks.state.get(task) !== TaskState.held) continue;
    const nextAttemptAtMs = s.tasks.dueMs.get(task);
    if (nextAttemptAtMs <= nowMs) due.push(task);
    else wait(s, task, nextAttemptAtMs);
  }
  if (due.length > 0) activate(s, message, due.reverse(), nowMs);
  return true;
}

/**
 * Makes waiting recipients due now, and ends the rests of their addresses. Returns how many recipients are due.
 * @param extra - only these, by index in the envelope, by an attempt that does not count for the retry schedule
 */
export function retryMessage(s: State, message: number, nowMs: number, extra?: ReadonlySet<number>): number {
  const due: number[] = [];
  let recipients = 0;
  for (const task of tasksOf(s, message)) {
    const state = s.tasks.state.get(task);
    if (state === TaskState.active || state === TaskState.held) continue;
    const index = s.recipients.envelopeIndex;
    const rows = recipientsOf(s, task).filter((row) => extra === undefined || extra.has(index.get(row)));
    if (rows.length === 0) continue;
    recipients += rows.length;
    const part = state === TaskState.waiting ? takeWaiting(s, task, rows, extra !== undefined) : task;
    endRests(s, part, nowMs, extra !== undefined);
    if (state === TaskState.waiting) due.push(part);
  }
  if (due.length > 0) activate(s, message, due.reverse(), nowMs);
  return recipients;
}

/** Takes these recipients out of a task that waits. The others wait on. @returns the task that they have now, which is in no heap */
function takeWaiting(s: State, task: number, rows: readonly number[], isExtra: boolean): number {
  if (isExtra) {
    const regularMs = s.tasks.dueMs.get(task);
    for (const row of rows) s.recipients.regularMs.set(row, regularMs);
  }
  const taken = new Set(rows);
  const staying = recipientsOf(s, task).filter((row) => !taken.has(row));
  if (staying.length === 0) {
    s.tasks.due.take(task);
    return task;
  }
  setRecipients(s, task, staying);
  return makeTask(s, s.tasks.messageOf(task), rows);
}

/**
 * Ends the rests of the addresses that the task may go to: they are probed at once. With an extra attempt, the next rest is no longer than
 * this one, and a host that refused a password rests on: it may ban who comes again too soon.
 */
function endRests(s: State, task: number, nowMs: number, isExtra: boolean): void {
  const site = s.routes.site.get(routeOf(s, task));
  if (site < 0) return;
  for (const hop of s.sites.planOf(site).addresses) {
    const keys = isExtra && hop.login !== undefined ? [hop.key] : [hop.key, policyKeyOf(hop)];
    for (const key of keys) {
      const address = s.addresses.find(key);
      if (address >= 0) s.addresses.endRest(address, nowMs, isExtra);
    }
  }
}

/** Those of the given recipients, by index in the envelope, that are not in flight. */
export function recipientsNotInFlight(s: State, message: number, only: ReadonlySet<number>): number[] {
  const found: number[] = [];
  for (const task of tasksOf(s, message)) {
    if (s.tasks.state.get(task) === TaskState.active) continue;
    for (const recipient of recipientsOf(s, task)) {
      const index = s.recipients.envelopeIndex.get(recipient);
      if (only.has(index)) found.push(index);
    }
  }
  return found.sort((left, right) => left - right);
}

/**
 * Forgets the recipients that are not in flight; of these only those with the given indexes in the envelope, if any are
 * given. Returns the indexes of those forgotten.
 */
export function removeRecipients(
  s: State,
  message: number,
  only: ReadonlySet<number> | undefined,
  nowMs: number,
): number[] {
  const removed: number[] = [];
  for (const task of tasksOf(s, message)) {
    if (s.tasks.state.get(task) !== TaskState.active) removeFromTask(s, task, only, removed, nowMs);
  }
  mayBeDone(s, message);
  return removed.sort((left, right) => left - right);
}

function removeFromTask(
  s: State,
  task: number,
  only: ReadonlySet<number> | undefined,
  removed: number[],
  nowMs: number,
): void {
  const index = s.recipients.envelopeIndex;
  const all = recipientsOf(s, task);
  const leaving = all.filter((recipient) => only === undefined || only.has(index.get(recipient)));
  if (leaving.length === 0) return;
  const state = s.tasks.state.get(task);
  withdraw(s, task);
  const staying = all.filter((recipient) => !leaving.includes(recipient));
  for (const recipient of leaving) {
    removed.push(index.get(recipient));
    freeRecipient(s, recipient);
  }
  if (staying.length === 0) {
    freeTask(s, task);
    return;
  }
  setRecipients(s, task, staying);
  if (state === TaskState.waiting) s.tasks.due.put(task, s.tasks.dueMs.get(task));
  else if (state === TaskState.ready) putBack(s, task, nowMs);
  else if (state !== TaskState.held) activate(s, s.tasks.messageOf(task), [task], nowMs);
}
