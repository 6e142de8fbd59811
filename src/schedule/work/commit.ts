// The end of a scheduler transaction: all recipients of a message become schedulable together.

import { formTasks, makeReady } from './gather.ts';
import { makeTask, makeTaskOfOne } from './lifecycle.ts';
import { MessageState } from '../store/messages.ts';
import { attemptBeforeEndMs, lifeOf } from './last-attempt.ts';
import { latestAttemptMs } from './retry.ts';
import { failTask, wait } from './settle.ts';
import { expiryOf, expiryOfRoute, timesOf, type State } from '../state.ts';
import type { NewRecipient } from '../types.ts';

/** Turns the added recipients into tasks. */
export function commitMessage(
  s: State,
  message: number,
  added: readonly NewRecipient[],
  tenant: number,
  store: number,
  nowMs: number,
): void {
  s.messages.setState(message, MessageState.queued);
  const held = s.messages.isHeld(message);
  // Nothing came in later than now: the clock was wrong then, and a lifetime may not last the longer for it.
  if (s.messages.receivedAtMs.get(message) > nowMs) s.messages.receivedAtMs.set(message, nowMs);
  const [only] = added;
  if (added.length === 1 && only !== undefined && only.nextAttemptAtMs <= nowMs && !held) {
    const task = makeTaskOfOne(s, message, makeRecipient(s, only, tenant, store));
    if (nowMs < expiryOf(s, task)) makeReady(s, task, nowMs);
    else failTask(s, task, undefined, true);
    return;
  }
  const rows = added.map((recipient) => makeRecipient(s, recipient, tenant, store));
  const over: number[] = [];
  const due: number[] = [];
  const later = new Map<string, number[]>();
  for (const [at, row] of rows.entries()) {
    const route = s.recipients.route.get(row);
    if (!held && nowMs >= expiryOfRoute(s, message, route)) {
      over.push(row);
      continue;
    }
    const nextAttemptAtMs = nextAttemptOf(s, message, route, added[at], nowMs);
    if (nextAttemptAtMs <= nowMs && !held) due.push(row);
    else add(later, `${nextAttemptAtMs} ${route}`, row);
  }
  if (over.length > 0) failTask(s, makeTask(s, message, over), undefined, true);
  for (const [key, group] of later) {
    const nextAttemptAtMs = Number(key.slice(0, key.indexOf(' ')));
    const size = s.config.recipientsPerTransaction;
    for (let at = 0; at < group.length; at += size) {
      wait(s, makeTask(s, message, group.slice(at, at + size)), nextAttemptAtMs);
    }
  }
  if (due.length > 0) formTasks(s, message, due, nowMs);
}

/** The journaled time of the next attempt, but not later than the retry schedule allows. */
function nextAttemptOf(
  s: State,
  message: number,
  route: number,
  recipient: NewRecipient | undefined,
  nowMs: number,
): number {
  if (recipient === undefined) return 0;
  const { attempts, nextAttemptAtMs } = recipient;
  if (attempts === 0 || nextAttemptAtMs <= nowMs) return nextAttemptAtMs;
  const times = timesOf(s, route);
  const life = lifeOf(s, message, expiryOfRoute(s, message, route), nowMs);
  const latestMs = latestAttemptMs(times.retry, s.config.retryJitter, attempts, life.ageMs, nowMs);
  return attemptBeforeEndMs(times, life, Math.min(nextAttemptAtMs, latestMs));
}

function makeRecipient(s: State, added: NewRecipient, tenant: number, store: number): number {
  const { recipients } = s;
  const row = recipients.take();
  const route = s.routes.intern(added.route, added.domain, tenant, store);
  s.routes.recipients.add(route, 1);
  recipients.next.set(row, -1);
  recipients.route.set(row, route);
  recipients.envelopeIndex.set(row, added.recipient);
  recipients.attempts.set(row, added.attempts);
  recipients.lastRefusal.set(row, s.refusals.keep(added.lastRefusal));
  return row;
}

function add(groups: Map<string, number[]>, key: string, row: number): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [row]);
  else group.push(row);
}
