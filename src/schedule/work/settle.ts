// What happens to a task that was not delivered: another attempt later, or a failure for good.

import { localRefusal, type Refusal } from '../../message/refusal.ts';
import { encodeRefusal, lastRefusalOf, type EncodedRefusal } from '../../message/refusal-form.ts';
import { planRefusal } from '../../route/outcome.ts';
import type { ErrorPlan } from '../../route/types.ts';
import { mayBeDone, freeRecipient, freeTask, recipientsOf, routeOf, withdraw } from './lifecycle.ts';
import { lifeOf } from './last-attempt.ts';
import { nextAttemptMs } from './retry.ts';
import { dateOf, expiryOf, timesOf, type State } from '../state.ts';
import { separateExtra, takeRegularMs } from './extra-attempts.ts';
import { hasOneTimes, separateTimes } from './task-times.ts';
import { TaskState } from '../store/tasks.ts';
import type { MessageHandle } from '../types.ts';

/** The lifetime has ended without an attempt (RFC 3463 3.5: X.4.7). @param blockers - what it waited for */
export function untriedRefusal(blockers: string): Refusal {
  const text = `not tried in its lifetime${blockers === '' ? '' : `: ${blockers}`}`;
  return localRefusal({ during: 'queue', code: 0, enhanced: '4.4.7', text, permanent: true });
}

/** Fails all recipients of a task that is in no queue. Without a refusal each has its last one, or `otherwise`. */
export function failTask(
  s: State,
  task: number,
  refusal: Refusal | undefined,
  expired: boolean,
  otherwise = untriedRefusal(''),
): void {
  const message = s.tasks.messageOf(task);
  const tenant = s.tenants.nameOf(s.routes.tenantOf(routeOf(s, task)));
  for (const recipient of recipientsOf(s, task)) {
    s.effects.push({
      kind: 'failed',
      message: message as MessageHandle,
      recipient: s.recipients.envelopeIndex.get(recipient),
      refusal:
        refusal ?? lastRefusalOf(s.refusals.form(s.recipients.lastRefusal.get(recipient))) ?? otherwise,
      expired,
      tenant,
    });
    freeRecipient(s, recipient);
  }
  freeTask(s, task);
  mayBeDone(s, message);
}

/** An attempt was refused for now: counts it for all recipients of a task that is in no queue. */
export function deferTask(s: State, task: number, refusal: Refusal, nowMs: number): void {
  const form = encodeRefusal(refusal);
  for (const recipient of recipientsOf(s, task)) setLastRefusal(s, recipient, form);
  countAttempt(s, task, nowMs);
}

/** The same, when each recipient has its new last refusal already. */
export function countAttempt(s: State, task: number, nowMs: number): void {
  if (s.recipients.regularMs.size > 0) {
    for (const part of separateTimes(s, task))
      for (const each of separateExtra(s, part)) countOf(s, each, nowMs);
  } else if (hasOneTimes(s, task)) {
    countOf(s, task, nowMs);
  } else {
    for (const part of separateTimes(s, task)) countOf(s, part, nowMs);
  }
}

function countOf(s: State, task: number, nowMs: number): void {
  const { recipients, tasks } = s;
  const message = tasks.messageOf(task);
  // What is held does not expire, not even with the attempt that was under way when it was held.
  const expiresAtMs = s.messages.isHeld(message) ? Infinity : expiryOf(s, task);
  const list = recipientsOf(s, task);
  const regularMs = takeRegularMs(s, list);
  const isExtra = regularMs > nowMs;
  let attempts = 0;
  for (const recipient of list) {
    const count = recipients.attempts.get(recipient) + (isExtra ? 0 : 1);
    recipients.attempts.set(recipient, count);
    if (count > attempts) attempts = count;
  }
  if (nowMs >= expiresAtMs) {
    failTask(s, task, undefined, true);
    return;
  }
  const times = timesOf(s, routeOf(s, task));
  const life = lifeOf(s, message, expiresAtMs, nowMs);
  const next = isExtra ? regularMs : nextAttemptMs(times, s.config.retryJitter, attempts, life, s.random);
  for (const recipient of list) {
    s.effects.push({
      kind: 'deferred',
      message: message as MessageHandle,
      recipient: recipients.envelopeIndex.get(recipient),
      attempts: recipients.attempts.get(recipient),
      nextAttemptAtMs: dateOf(s, next),
      refusal: s.refusals.form(recipients.lastRefusal.get(recipient)),
    });
  }
  wait(s, task, next);
}

/** The task waits for its next attempt, or when its message is held, for the release. */
export function wait(s: State, task: number, nextAttemptAtMs: number): void {
  const message = s.tasks.messageOf(task);
  const dueMs = Math.min(nextAttemptAtMs, expiryOf(s, task));
  if (s.messages.isHeld(message)) {
    s.tasks.state.set(task, TaskState.held);
    s.tasks.dueMs.set(task, dueMs);
  } else {
    s.tasks.state.set(task, TaskState.waiting);
    s.tasks.due.put(task, dueMs);
  }
}

/** The route's plan says that its mail cannot be delivered, now or ever. The task is in no queue and has one route. */
export function settleByPlan(s: State, task: number, plan: ErrorPlan, nowMs: number): void {
  const refusal = planRefusal(plan);
  if (plan.permanent) failTask(s, task, refusal, false);
  else deferTask(s, task, refusal, nowMs);
}

/** The message's lifetime is over: fails a task in any state but active. */
export function expireTask(s: State, task: number, reason: Refusal): void {
  withdraw(s, task);
  failTask(s, task, undefined, true, reason);
}

export function setLastRefusal(s: State, recipient: number, form: EncodedRefusal): void {
  const before = s.recipients.lastRefusal.get(recipient);
  s.recipients.lastRefusal.set(recipient, s.refusals.keep(form));
  s.refusals.drop(before);
}
