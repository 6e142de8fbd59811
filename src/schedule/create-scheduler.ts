// The scheduler as its callers see it: transactional, deterministic, without clock, I/O or promise. Each call is checked,
// carried out by a file of its own, and ends with the grants that it made possible (`run`).

import type { RelayPlan, RoutePlan } from '../route/types.ts';
import { nextWakeMs, passTime } from './answer/clock.ts';
import { becameReady, endConnection, finishTransaction } from './answer/outcomes.ts';
import { planArrived } from './answer/plan.ts';
import { pauseGrants, stopLookups } from './answer/stops.ts';
import {
  holdMessage,
  releaseMessage,
  recipientsNotInFlight,
  removeRecipients,
  retryMessage,
} from './change/operate.ts';
import { applyConfig, carryConnections } from './change/reconfigure.ts';
import { endLoginRests } from './change/renewed-logins.ts';
import { expirePlans, rerouteRecipients } from './change/reroute.ts';
import { run } from './grant/run.ts';
import { beginVisit, endVisit } from './grant/visit.ts';
import { joinLine } from './grant/visit-line.ts';
import type { Explanation, LimitsStatus, SavedRate } from './limits/status.ts';
import { State } from './state.ts';
import { limitsStatus } from './tell/counter-status.ts';
import { explainRoute } from './tell/explain.ts';
import { Queries } from './tell/queries.ts';
import type {
  ConnectionEnd,
  ConnectionHandle,
  Effect,
  MessageHandle,
  NewRecipient,
  NewRoute,
  NewScheduledMessage,
  RecipientResult,
  Scheduler,
  SchedulerConfig,
} from './types.ts';
import type { Visit, VisitTarget } from './store/visit-types.ts';
import {
  checkConnection,
  checkDone,
  checkPriority,
  checkQueued,
  checkReady,
  checkVisit,
  misuse,
  openIndexOf,
} from './work/check-calls.ts';
import { commitMessage } from './work/commit.ts';
import { freeDone } from './work/lifecycle.ts';

/**
 * Creates an empty scheduler at the time `nowMs` (Unix ms). `state` is given by those who look inside: the simulation,
 * which checks it, and the benchmark.
 *
 * @example
 * const scheduler = createScheduler(config, Date.now());
 * const message = scheduler.begin({ queueId, receivedAtMs, nullSender: false, held: false });
 * scheduler.add(message, { recipient: 0, route: 'mx:example.com', domain: 'example.com', attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' });
 * scheduler.commit(message, Date.now());
 * for (const effect of scheduler.effects) perform(effect); // { kind: 'resolve', route: 'mx:example.com' }
 * scheduler.effects.length = 0;
 */
export function createScheduler(
  config: SchedulerConfig,
  nowMs: number,
  state: State = new State(config),
): Scheduler {
  return new MailScheduler(state, nowMs);
}

class MailScheduler extends Queries implements Scheduler {
  readonly effects: Effect[];
  readonly #state: State;
  #nowMs: number;

  constructor(state: State, nowMs: number) {
    super(state);
    this.#state = state;
    this.effects = state.effects;
    this.#nowMs = nowMs;
  }

  begin(message: NewScheduledMessage): MessageHandle {
    const s = this.#state;
    // Handles of finished messages are free once the caller has seen the effects that name them.
    if (s.effects.length === 0) freeDone(s);
    checkPriority(message);
    const { queueId, receivedAtMs, nullSender, held, priority = 0, store = 0, tenant = '' } = message;
    const row = s.messages.open(queueId, receivedAtMs, nullSender, held, Math.trunc(priority));
    s.uncommitted.open(row, s.tenants.intern(tenant, store), store);
    return row as MessageHandle;
  }

  add(message: MessageHandle, recipient: NewRecipient): void {
    const s = this.#state;
    s.uncommitted.recipientsAt(openIndexOf(s, message, 'add')).push(recipient);
  }

  commit(message: MessageHandle, nowMs: number): void {
    const s = this.#state;
    const index = openIndexOf(s, message, 'commit');
    const recipients = s.uncommitted.recipientsAt(index);
    if (recipients.length === 0) misuse(`Committing message ${message} without a recipient.`);
    const tenant = s.uncommitted.tenantAt(index);
    const store = s.uncommitted.storeAt(index);
    s.uncommitted.close(index);
    commitMessage(s, message, recipients, tenant, store, nowMs);
    this.#run(nowMs);
  }

  rollback(message: MessageHandle): void {
    const s = this.#state;
    s.uncommitted.close(openIndexOf(s, message, 'rollback'));
    s.messages.free(message);
  }

  routeResolved(name: string, plan: RoutePlan, nowMs: number): void {
    planArrived(this.#state, name, plan, nowMs);
    this.#run(nowMs);
  }

  connectionReady(connection: ConnectionHandle, nowMs: number, depth = 1): void {
    checkReady(this.#state, connection, depth);
    becameReady(this.#state, connection, depth, nowMs);
    this.#run(nowMs);
  }

  transactionDone(
    connection: ConnectionHandle,
    results: readonly RecipientResult[],
    reusable: boolean,
    nowMs: number,
  ): void {
    checkDone(this.#state, connection);
    finishTransaction(this.#state, connection, results, reusable, nowMs);
    this.#run(nowMs);
  }

  connectionClosed(connection: ConnectionHandle, end: ConnectionEnd, nowMs: number): void {
    checkConnection(this.#state, connection, 'closed');
    endConnection(this.#state, connection, end, nowMs);
    this.#run(nowMs);
  }

  visit(target: VisitTarget, nowMs: number): Visit | undefined {
    const visit = beginVisit(this.#state, target, nowMs);
    this.#run(nowMs);
    return visit;
  }

  awaitVisit(number: number, target: VisitTarget, nowMs: number): void {
    joinLine(this.#state, number, target);
    this.#run(nowMs);
  }

  forgetVisit(number: number): void {
    this.#state.visitLine.delete(number);
  }

  visitEnded(connection: ConnectionHandle, nowMs: number): void {
    checkVisit(this.#state, connection);
    endVisit(this.#state, connection, nowMs);
    this.#run(nowMs);
  }

  tick(nowMs: number): void {
    passTime(this.#state, nowMs);
    this.#run(nowMs);
  }

  setDateShift(shiftMs: number, shownMs = shiftMs): void {
    this.#state.dateShiftMs = shiftMs;
    this.#state.shownShiftMs = shownMs;
    this.#state.hours.lookAgain();
  }

  sourcesLack(doLack: boolean): void {
    this.#state.sourcesLack = doLack;
  }

  lookupsStopped(areStopped: boolean, nowMs: number): void {
    stopLookups(this.#state, areStopped, nowMs);
  }

  nextWakeMs(): number {
    return nextWakeMs(this.#state);
  }

  pause(...change: Parameters<Scheduler['pause']>): void {
    pauseGrants(this.#state, ...change);
    this.#run(change[1]);
  }

  reconfigure(config: SchedulerConfig, nowMs: number): void {
    applyConfig(this.#state, config, nowMs);
    this.#run(nowMs);
  }

  carry(connections: number, nowMs: number): void {
    carryConnections(this.#state, connections);
    this.#run(nowMs);
  }

  routesChanged(nowMs: number): void {
    expirePlans(this.#state);
    this.#run(nowMs);
  }

  reroute(message: MessageHandle, routes: ReadonlyMap<number, NewRoute>, nowMs: number): boolean {
    checkQueued(this.#state, message, 'reroute');
    const complete = rerouteRecipients(this.#state, message, routes, nowMs);
    this.#run(nowMs);
    return complete;
  }

  retryNow(message: MessageHandle, nowMs: number, extra?: ReadonlySet<number>): number {
    checkQueued(this.#state, message, 'retry');
    const due = retryMessage(this.#state, message, nowMs, extra);
    this.#run(nowMs);
    return due;
  }

  loginsRenewed(credentials: readonly string[], nowMs: number): void {
    endLoginRests(this.#state, credentials, nowMs);
    this.#run(nowMs);
  }

  hold(message: MessageHandle): boolean {
    checkQueued(this.#state, message, 'hold');
    const isNew = holdMessage(this.#state, message);
    this.#run(this.#nowMs);
    return isNew;
  }

  release(message: MessageHandle, nowMs: number): boolean {
    checkQueued(this.#state, message, 'release');
    const wasHeld = releaseMessage(this.#state, message, nowMs);
    this.#run(nowMs);
    return wasHeld;
  }

  notInFlight(message: MessageHandle, recipients: readonly number[]): number[] {
    checkQueued(this.#state, message, 'look at');
    return recipientsNotInFlight(this.#state, message, new Set(recipients));
  }

  remove(message: MessageHandle, recipients?: readonly number[]): number[] {
    checkQueued(this.#state, message, 'remove');
    const removed = removeRecipients(this.#state, message, recipients && new Set(recipients), this.#nowMs);
    this.#run(this.#nowMs);
    return removed;
  }

  explain(route: string, domain: string, tenant: string, plan: RelayPlan, nowMs: number): Explanation {
    const explanation = explainRoute(this.#state, route, domain, tenant, plan, nowMs);
    this.#run(nowMs);
    return explanation;
  }

  limits(most: number, nowMs: number): LimitsStatus {
    return limitsStatus(this.#state, most, nowMs);
  }

  restoreRates(saved: readonly SavedRate[]): void {
    this.#state.rates.restore(saved);
  }

  #run(nowMs: number): void {
    this.#nowMs = nowMs;
    run(this.#state, nowMs);
  }
}
