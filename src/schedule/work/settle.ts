// What becomes of a task without success: another attempt later, or the end.

import type { ErrorPlan } from '../../route/types.ts';
import { mayBeDone, freeRecipient, freeTask, recipientsOf, withdraw } from './lifecycle.ts';
import { nextAttemptMs } from './retry.ts';
import { dateOf, expiryOf, type State } from '../state.ts';
import { TaskState } from '../store/tasks.ts';
import type { MessageHandle } from '../types.ts';

/** Fails all recipients of a task that is in no queue. An empty `error` leaves each its last one, or `otherwise`. */
export function failTask(s: State, task: number, error: string, expired: boolean, otherwise = ''): void {
  const message = s.tasks.messageOf(task);
  for (const recipient of recipientsOf(s, task)) {
    s.effects.push({
      kind: 'failed',
      message: message as MessageHandle,
      recipient: s.recipients.envelopeIndex.get(recipient),
      error: error || s.errors.text(s.recipients.lastError.get(recipient)) || otherwise,
      expired,
    });
    freeRecipient(s, recipient);
  }
  freeTask(s, task);
  mayBeDone(s, message);
}

/** An attempt failed for now with this error: counts it for all recipients of a task that is in no queue. */
export function deferTask(s: State, task: number, error: string, nowMs: number): void {
  for (const recipient of recipientsOf(s, task)) setLastError(s, recipient, error);
  countAttempt(s, task, nowMs);
}

/** The same, when each recipient has its new last error already. */
export function countAttempt(s: State, task: number, nowMs: number): void {
  const { recipients, tasks, config } = s;
  const message = tasks.messageOf(task);
  // What is held does not expire, not even with the attempt that was under way when it was held.
  const expiresAtMs = s.messages.isHeld(message) ? Infinity : expiryOf(s, message);
  const list = recipientsOf(s, task);
  let attempts = 0;
  for (const recipient of list) {
    const count = recipients.attempts.get(recipient) + 1;
    recipients.attempts.set(recipient, count);
    if (count > attempts) attempts = count;
  }
  if (nowMs >= expiresAtMs) {
    failTask(s, task, '', true);
    return;
  }
  const next = nextAttemptMs(config.retryMs, config.retryJitter, attempts, nowMs, expiresAtMs, s.random);
  for (const recipient of list) {
    s.effects.push({
      kind: 'deferred',
      message: message as MessageHandle,
      recipient: recipients.envelopeIndex.get(recipient),
      attempts: recipients.attempts.get(recipient),
      nextAttemptAtMs: dateOf(s, next),
      error: s.errors.text(recipients.lastError.get(recipient)),
    });
  }
  wait(s, task, next);
}

/** The task waits for its next attempt; under a hold, for its release. */
export function wait(s: State, task: number, nextAttemptAtMs: number): void {
  const message = s.tasks.messageOf(task);
  const dueMs = Math.min(nextAttemptAtMs, expiryOf(s, message));
  if (s.messages.isHeld(message)) {
    s.tasks.state.set(task, TaskState.held);
    s.tasks.dueMs.set(task, dueMs);
  } else {
    s.tasks.state.set(task, TaskState.waiting);
    s.tasks.due.put(task, dueMs);
  }
}

/** The route's plan says that nothing can be handed on, now or ever. The task is in no queue and has one route. */
export function settleByPlan(s: State, task: number, plan: ErrorPlan, nowMs: number): void {
  const error = `${plan.replyCode} ${plan.enhancedStatus} ${plan.text}`;
  if (plan.permanent) failTask(s, task, error, false);
  else deferTask(s, task, error, nowMs);
}

/** The message's lifetime is over: fails a task in any state but active. */
export function expireTask(s: State, task: number, reason: string): void {
  withdraw(s, task);
  failTask(s, task, '', true, reason);
}

export function setLastError(s: State, recipient: number, error: string): void {
  const before = s.recipients.lastError.get(recipient);
  s.recipients.lastError.set(recipient, s.errors.keep(error));
  s.errors.drop(before);
}
