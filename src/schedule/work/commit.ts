// The end of a scheduler transaction: all recipients of a message become schedulable together.

import { formTasks, makeReady } from './gather.ts';
import { makeTask, makeTaskOfOne } from './lifecycle.ts';
import { MessageState } from '../store/messages.ts';
import { latestAttemptMs } from './retry.ts';
import { failTask, wait } from './settle.ts';
import { expiryOf, type State } from '../state.ts';
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
  if (
    added.length === 1 &&
    only !== undefined &&
    only.nextAttemptAtMs <= nowMs &&
    !held &&
    nowMs < expiryOf(s, message)
  ) {
    makeReady(s, makeTaskOfOne(s, message, makeRecipient(s, only, tenant, store)), nowMs);
    return;
  }
  const rows = added.map((recipient) => makeRecipient(s, recipient, tenant, store));
  if (!held && nowMs >= expiryOf(s, message)) {
    if (rows.length > 0) failTask(s, makeTask(s, message, rows), undefined, true);
    return;
  }
  const due: number[] = [];
  const later = new Map<string, number[]>();
  for (const [at, row] of rows.entries()) {
    const nextAttemptAtMs = nextAttemptOf(s, added[at], nowMs);
    if (nextAttemptAtMs <= nowMs && !held) due.push(row);
    else add(later, `${nextAttemptAtMs} ${s.recipients.route.get(row)}`, row);
  }
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
function nextAttemptOf(s: State, recipient: NewRecipient | undefined, nowMs: number): number {
  if (recipient === undefined) return 0;
  const { attempts, nextAttemptAtMs } = recipient;
  if (attempts === 0 || nextAttemptAtMs <= nowMs) return nextAttemptAtMs;
  const { retryMs, retryJitter } = s.config;
  return Math.min(nextAttemptAtMs, latestAttemptMs(retryMs, retryJitter, attempts, nowMs));
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
