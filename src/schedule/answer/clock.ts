// What happens as time passes: next attempts, ends of lifetimes and rests, idle connections that close, and routes that are
// forgotten.

import { endPlan, isNeeded } from '../work/forget.ts';
import { activate, endGathering } from '../work/gather.ts';
import { checkUnanswered, nextUnansweredCheckMs } from '../reserve/unanswered.ts';
import { isAsking, routeOf } from '../work/lifecycle.ts';
import { forgetLimits } from '../reserve/needs.ts';
import { PlanState } from '../store/routes.ts';
import { closeIdle } from '../grant/close.ts';
import { expireTask } from '../work/settle.ts';
import { expiryOf, mostSettledInTurn, type State } from '../state.ts';
import { TaskState } from '../store/tasks.ts';
import { reasonOf } from '../tell/view.ts';

/** Routes that are looked at in one tick, and ms until the next ones: a tick costs the same with a million routes. */
const sweptPerTick = 256;
const sweepEveryMs = 50;
/** Tasks that are attended to in one tick: the rest is due in the next one, which comes at once. */
const mostAttended = 20_000;
/** How often mail of a tenant is looked at whose lifetime is over, and about which no report can be written. */
const lateAgainMs = 60_000;
/** The lifetime of mail that waits for a plan that cannot be looked up, or for a source address, is prolonged by this time. */
const strandedGraceMs = 600_000;

/** Does everything that is due by now. */
export function passTime(s: State, nowMs: number): void {
  if (s.settledInTurn >= mostSettledInTurn) s.pauses.endTurn();
  s.settledInTurn = 0;
  attend(s, nowMs);
  s.addresses.tick(nowMs);
  s.rates.tick(nowMs);
  s.windows.tick(nowMs);
  checkUnanswered(s, nowMs);
  for (;;) {
    const connection = s.connections.longestIdle;
    if (connection < 0 || s.connections.idleSinceMs.get(connection) + s.config.idleConnectionMs > nowMs)
      break;
    closeIdle(s, connection);
  }
  sweepRoutes(s, nowMs);
}

/** When `passTime` has something to do next. */
export function nextWakeMs(s: State): number {
  const idle = s.connections.longestIdle;
  if (s.settledInTurn >= mostSettledInTurn) return -Infinity;
  const idleEndMs = idle < 0 ? Infinity : s.connections.idleSinceMs.get(idle) + s.config.idleConnectionMs;
  return Math.min(
    nextDueMs(s),
    s.addresses.due.firstDueMs(),
    s.rates.due.firstDueMs(),
    s.windows.due.firstDueMs(),
    idleEndMs,
    nextUnansweredCheckMs(s),
    s.hours.nextChangeMs - s.dateShiftMs,
  );
}

function nextDueMs(s: State): number {
  const { due } = s.tasks;
  const dueMs = due.firstDueMs();
  // It is attended to when reports can be written again: the end of that pause arms the next wake-up.
  return s.pauses.areReportsLate && expiryOf(s, due.first()) <= dueMs ? Infinity : dueMs;
}

/** Takes all tasks that are due, those of one message together. */
function attend(s: State, nowMs: number): void {
  if (s.tasks.due.firstDueMs() > nowMs) return;
  const { due } = s.tasks;
  const byMessage = new Map<number, number[]>();
  // What has outlived its lifetime waits until reports can be written again: there may be a million of it.
  const areReportsLate = s.pauses.areReportsLate;
  for (let taken = 0; taken < mostAttended && due.firstDueMs() <= nowMs; taken++) {
    const task = due.first();
    if (areReportsLate && expiryOf(s, task) <= nowMs) break;
    due.take(task);
    const message = s.tasks.messageOf(task);
    const others = byMessage.get(message);
    if (others === undefined) byMessage.set(message, [task]);
    else others.push(task);
  }
  for (const [message, tasks] of byMessage) attendMessage(s, message, tasks, nowMs);
}

function attendMessage(s: State, message: number, tasks: readonly number[], nowMs: number): void {
  let firstEndMs = Infinity;
  for (const task of tasks) firstEndMs = Math.min(firstEndMs, expiryOf(s, task));
  if (nowMs >= firstEndMs) prolong(s, message, prolongedUntilMs(s, tasks, nowMs) - firstEndMs);
  const again: number[] = [];
  let gathered = false;
  for (const task of tasks) {
    const state = s.tasks.state.get(task);
    const expiresAtMs = expiryOf(s, task);
    if (nowMs >= expiresAtMs && isTenantLate(s, task)) s.tasks.due.put(task, nowMs + lateAgainMs);
    else if (nowMs >= expiresAtMs) expireTask(s, task, reasonOf(s, task));
    else if (state === TaskState.waiting) again.push(task);
    else if (state === TaskState.ready) s.tasks.due.put(task, expiresAtMs);
    else gathered = true;
  }
  if (gathered) endGathering(s, message, nowMs);
  if (again.length > 0) activate(s, message, again, nowMs);
}

function isTenantLate(s: State, task: number): boolean {
  const route = routeOf(s, task);
  return s.pauses.isTenantLate(s.routes.store.get(route), s.routes.tenantOf(route));
}

/**
 * When the lifetime ends that would end now, by a fault of this host: some minutes after the fault is over, so that an attempt
 * can be made. -Infinity: there is no fault, or it has been over for as long.
 */
function prolongedUntilMs(s: State, tasks: readonly number[], nowMs: number): number {
  if (s.sourcesLack) return nowMs + strandedGraceMs;
  if (!tasks.some((task) => isAsking(s, task))) return -Infinity;
  // After an outage all plans are looked up, which takes minutes for many domains.
  return (s.lookupsStopped ? nowMs : s.lookupsBackMs) + strandedGraceMs;
}

function prolong(s: State, message: number, lackingMs: number): void {
  s.messages.receivedAtMs.set(message, s.messages.receivedAtMs.get(message) + Math.max(0, lackingMs));
}

/** Forgets routes without recipients whose plans have expired, and lets go of sites that only waiting work names. */
function sweepRoutes(s: State, nowMs: number): void {
  const { routes } = s;
  if (nowMs < s.sweepNextMs) return;
  s.sweepNextMs = nowMs + sweepEveryMs;
  for (let count = Math.min(sweptPerTick, routes.end); count > 0; count--) {
    s.sweepAt = s.sweepAt + 1 >= routes.end ? 0 : s.sweepAt + 1;
    const route = s.sweepAt;
    if (!routes.isKnown(route) || routes.firstTask.get(route) >= 0) continue;
    // Limits that were looked up for a task of another route.
    if (!s.limitsAtRest.has(route)) forgetLimits(s, route);
    if (routes.validUntilMs.get(route) > nowMs || routes.plan.get(route) === PlanState.resolving) continue;
    endPlan(s, route);
    if (!isNeeded(s, route)) routes.forget(route);
  }
}
