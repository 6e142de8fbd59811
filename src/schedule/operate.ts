// What operators do to one message: hold, release, retry now, remove. Transactions in flight always finish.

import { activate } from './gather.ts';
import { mayBeDone, freeRecipient, freeTask, recipientsOf, tasksOf, withdraw } from './lifecycle.ts';
import { wait } from './settle.ts';
import { expiryOf, type State } from './state.ts';
import { TaskState } from './tasks.ts';

/** A message released near or after its lifetime's end may still be tried for this long. */
const releaseGraceMs = 3_600_000;

/** From now on nothing of the message is granted, and it does not expire. */
export function holdMessage(s: State, message: number): void {
  s.messages.setHeld(message, true);
  for (const task of tasksOf(s, message)) {
    const state = s.tasks.state.get(task);
    if (state === TaskState.active || state === TaskState.held) continue;
    withdraw(s, task);
    s.tasks.state.set(task, TaskState.held);
    if (state !== TaskState.waiting) s.tasks.dueMs.set(task, 0);
  }
}

/** Ends the hold; what is due goes out now. The restart of a lifetime that ended under the hold is not journaled. */
export function releaseMessage(s: State, message: number, nowMs: number): void {
  if (!s.messages.isHeld(message)) return;
  s.messages.setHeld(message, false);
  const receivedAtMs = s.messages.receivedAtMs.get(message);
  const expiresAtMs = expiryOf(s, message);
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
}

/** What waits for its next attempt is due now. */
export function retryMessage(s: State, message: number, nowMs: number): void {
  const due: number[] = [];
  for (const task of tasksOf(s, message)) {
    if (s.tasks.state.get(task) !== TaskState.waiting) continue;
    s.tasks.due.take(task);
    due.push(task);
  }
  if (due.length > 0) activate(s, message, due.reverse(), nowMs);
}

/** Forgets what is not in flight; returns the recipients' indexes in the envelope. */
export function removeMessage(s: State, message: number): number[] {
  const removed: number[] = [];
  for (const task of tasksOf(s, message)) {
    if (s.tasks.state.get(task) === TaskState.active) continue;
    withdraw(s, task);
    for (const recipient of recipientsOf(s, task)) {
      removed.push(s.recipients.envelopeIndex.get(recipient));
      freeRecipient(s, recipient);
    }
    freeTask(s, task);
  }
  mayBeDone(s, message);
  return removed.sort((left, right) => left - right);
}
