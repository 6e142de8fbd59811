// The schedule as people see it: every waiting recipient, every site with work, and what each waits for.

import type { Refusal } from '../../message/refusal.ts';
import { lastRefusalOf } from '../../message/refusal-form.ts';
import { blockerText, globalCauses, isHoldOfRoute } from './blocker-text.ts';
import { untriedRefusal } from '../work/settle.ts';
import { isStranded, recipientsOf, routeOf, tasksOf } from '../work/lifecycle.ts';
import { hoursOf, isClosed } from '../work/task-times.ts';
import { MessageState } from '../store/messages.ts';
import { PlanState } from '../store/routes.ts';
import { shownDateOf, expiryOf, timesOf, type State } from '../state.ts';
import { TaskState } from '../store/tasks.ts';
import type { MessageHandle, QueuedRecipient, Scheduler, WaitingRecipient } from '../types.ts';

/** All recipients that are not done, task by task; each task is read at the moment it is reached. */
export function* queuedRecipients(s: State): IterableIterator<QueuedRecipient> {
  const { recipients, routes, tasks } = s;
  for (let task = 0; task < tasks.end; task++) {
    const state = tasks.state.get(task);
    if (state === TaskState.free) continue;
    const message = tasks.messageOf(task);
    const queueId = s.messages.queueIdOf(message);
    const expiresAtMs = shownDateOf(s, expiryOf(s, task));
    const isHeld = s.messages.isHeld(message);
    const hasTime = state === TaskState.waiting || state === TaskState.held;
    const dueMs = hasTime ? tasks.dueMs.get(task) : 0;
    const nextAttemptAtMs = dueMs === 0 ? 0 : shownDateOf(s, dueMs);
    const waitsFor = isStranded(s, task) ? 'a name server' : windowOf(s, state, task);
    const rows = recipientsOf(s, task).map((recipient): QueuedRecipient => {
      const route = recipients.route.get(recipient);
      const store = routes.store.get(route);
      const row = {
        queueId,
        message: message as MessageHandle,
        recipient: recipients.envelopeIndex.get(recipient),
        route: routes.keyOf(route),
        domain: routes.domainOf(route),
        tenant: s.tenants.nameOf(routes.tenantOf(route)),
        state: stateName(s, state, route),
        isHeld,
        attempts: recipients.attempts.get(recipient),
        nextAttemptAtMs,
        expiresAtMs,
        lastRefusal: lastRefusalOf(s.refusals.form(recipients.lastRefusal.get(recipient))),
        waitsFor,
      };
      return store === 0 ? row : Object.assign(row, { store });
    });
    yield* rows;
  }
}

/** All messages that are queued. The end is fixed at the beginning, so that a walk that causes new mail ends. */
export function* queuedMessages(s: State): IterableIterator<MessageHandle> {
  const { end } = s.messages;
  for (let message = 0; message < end; message++) {
    if (s.messages.state(message) === MessageState.queued) yield message as MessageHandle;
  }
}

export function findQueued(s: State, queueId: string): MessageHandle | undefined {
  const message = s.messages.find(queueId);
  return message < 0 ? undefined : (message as MessageHandle);
}

export function countsOf(s: State): ReturnType<Scheduler['counts']> {
  const { connections, done, messages, recipients } = s;
  return {
    messages: messages.live - done.length,
    recipients: recipients.live,
    connections: connections.live,
  };
}

/** What is needed to choose among the recipients of a message. */
export function recipientsOfMessage(s: State, message: MessageHandle): WaitingRecipient[] {
  const { messages, recipients, routes, tasks } = s;
  const found: WaitingRecipient[] = [];
  if (!messages.known(message) || messages.state(message) !== MessageState.queued) return found;
  const queueId = messages.queueIdOf(message);
  const isHeld = messages.isHeld(message);
  for (const task of tasksOf(s, message)) {
    const state = tasks.state.get(task);
    const waitsFor = windowOf(s, state, task);
    const hasTime = state === TaskState.waiting || state === TaskState.held;
    const dueMs = hasTime ? tasks.dueMs.get(task) : 0;
    for (const recipient of recipientsOf(s, task)) {
      const route = recipients.route.get(recipient);
      found.push({
        queueId,
        recipient: recipients.envelopeIndex.get(recipient),
        domain: routes.domainOf(route),
        tenant: s.tenants.nameOf(routes.tenantOf(route)),
        state: stateName(s, state, route),
        isHeld,
        route: routes.keyOf(route),
        waitsFor,
        warnAfterMs: timesOf(s, route).warnAfterMs,
        attempts: recipients.attempts.get(recipient),
        lastRefusal: s.refusals.form(recipients.lastRefusal.get(recipient)),
        ...(dueMs > 0 && { dueMs }),
      });
    }
  }
  return found;
}

/** Does a task of the message do something, or is it ready to? */
export function isUnderWay(s: State, message: MessageHandle): boolean {
  const { messages, tasks } = s;
  if (!messages.known(message) || messages.state(message) !== MessageState.queued) return false;
  for (let task = messages.firstTask.get(message); task >= 0; task = tasks.siblings.nextOf(task)) {
    const state = tasks.state.get(task);
    if (state !== TaskState.waiting && state !== TaskState.held) return true;
  }
  return false;
}

/** When the lifetime of the last of the message's recipients ends, or of this one. */
export function latestExpiryOf(s: State, message: MessageHandle, recipient?: number): number {
  let latestMs = -Infinity;
  for (let task = s.messages.firstTask.get(message); task >= 0; task = s.tasks.siblings.nextOf(task)) {
    const isMeant =
      recipient === undefined ||
      recipientsOf(s, task).some((row) => s.recipients.envelopeIndex.get(row) === recipient);
    if (isMeant) latestMs = Math.max(latestMs, expiryOf(s, task));
  }
  return latestMs;
}

const waitsForNameServer = 'waits for a name server';

/** Why a task that was never tried has waited until its lifetime's end. */
export function reasonOf(s: State, task: number): Refusal {
  return untriedRefusal(blockersOf(s, routeOf(s, task)));
}

/** What the ready tasks of a route wait for; empty when for nothing. */
export function blockersOf(s: State, route: number): string {
  // Each once: the route may be parked on what keeps all mail.
  return [...new Set([...globalCauses(s, route), ...ownBlockers(s, route)])].join(', ');
}

function ownBlockers(s: State, route: number): string[] {
  if (s.routes.plan.get(route) !== PlanState.resolving) return blockerTexts(s, route);
  return [s.lookupsStopped ? waitsForNameServer : `looking up the route to ${s.routes.domainOf(route)}`];
}

/** The limits that a parked route waits for. The overflow counter is not told: the global limit stands for it. */
export function blockerTexts(s: State, route: number): string[] {
  const counters = s.parking.countersOf(route).filter((counter) => counter !== s.overflowCounter);
  return counters.reverse().map((counter) => blockerText(s, counter));
}

/** The window that a ready task waits for, or the hold of its route; undefined: neither. */
function windowOf(s: State, state: number, task: number): string | undefined {
  if (state !== TaskState.ready) return undefined;
  const route = routeOf(s, task);
  if (isClosed(s, route)) return blockerText(s, hoursOf(s, route));
  const hold = s.parking.countersOf(route).find((counter) => isHoldOfRoute(s.counters.limitOf(counter)));
  return hold === undefined ? undefined : blockerText(s, hold);
}

function stateName(s: State, state: number, route: number): QueuedRecipient['state'] {
  switch (state) {
    case TaskState.waiting:
      return 'waiting';
    case TaskState.active:
      return 'active';
    case TaskState.held:
      return 'held';
    case TaskState.ready:
      return s.routes.plan.get(route) === PlanState.resolving ? 'resolving' : 'ready';
    default:
      return 'resolving';
  }
}
