// The scheduler: transactional, deterministic, without clock, I/O or promise. This file is its outside; each rule has a
// file of its own beside it.

import type { RelayPlan, RoutePlan } from '../route/types.ts';
import { nextWakeMs, passTime } from './answer/clock.ts';
import { detachSite } from './work/forget.ts';
import { commitMessage } from './work/commit.ts';
import { endAsking } from './work/gather.ts';
import { limitsStatus } from './tell/counter-status.ts';
import { explainRoute } from './tell/explain.ts';
import type { Explanation, LimitsStatus, SavedRate } from './limits/status.ts';
import { makeRunnable, stopRoute } from './work/lifecycle.ts';
import { highestPriority, MessageState } from './store/messages.ts';
import {
  holdMessage,
  releaseMessage,
  recipientsNotInFlight,
  removeRecipients,
  retryMessage,
} from './change/operate.ts';
import { becameReady, endConnection, finishTransaction } from './answer/outcomes.ts';
import { applyConfig, carryConnections } from './change/reconfigure.ts';
import { forgetPlaces } from './reserve/places.ts';
import { noTenant } from './store/tenant-names.ts';
import { PlanState } from './store/routes.ts';
import { expirePlans, rerouteRecipients } from './change/reroute.ts';
import { run } from './grant/run.ts';
import { SchedulerError } from './scheduler-error.ts';
import { State, expiryOf } from './state.ts';
import type {
  ConnectionEnd,
  ConnectionHandle,
  Effect,
  MessageHandle,
  NewRecipient,
  NewRoute,
  NewScheduledMessage,
  QueuedRecipient,
  RecipientResult,
  Scheduler,
  SchedulerConfig,
  SiteOrder,
  SiteStatus,
  UnexplainedWait,
} from './types.ts';
import { siteCount, siteRows } from './tell/site-rows.ts';
import { unexplainedWaits } from './tell/unexplained.ts';
import { queuedRecipients } from './tell/view.ts';

/** A plan counts for at least this long, or one that has expired when it comes would be asked for without end. */
const shortestPlanMs = 1_000;
/** What needs no look-up is looked up again all the same, now and then. */
const longestPlanMs = 30 * 86_400_000;

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

function validUntil({ validUntilMs }: RoutePlan, nowMs: number): number {
  return Math.min(Math.max(validUntilMs, nowMs + shortestPlanMs), nowMs + longestPlanMs);
}

class MailScheduler implements Scheduler {
  readonly effects: Effect[];
  readonly #state: State;
  #nowMs: number;

  constructor(state: State, nowMs: number) {
    this.#state = state;
    this.effects = state.effects;
    this.#nowMs = nowMs;
  }

  begin(message: NewScheduledMessage): MessageHandle {
    const s = this.#state;
    // Handles of finished messages are free once the caller has seen the effects that name them.
    if (s.effects.length === 0)
      for (let done = s.done.pop(); done >= 0; done = s.done.pop()) s.messages.free(done);
    const priority = message.priority ?? 0;
    if (!(Math.abs(priority) <= highestPriority)) {
      throw new SchedulerError(
        'SCHEDULER_MISUSE',
        `Message ${message.queueId} has the priority ${priority}.`,
      );
    }
    const row = s.messages.open(
      message.queueId,
      message.receivedAtMs,
      message.nullSender,
      message.held,
      Math.trunc(priority),
    );
    s.building.push(row);
    s.added.push([]);
    s.buildingTenants.push(s.tenants.intern(message.tenant ?? ''));
    return row as MessageHandle;
  }

  add(message: MessageHandle, recipient: NewRecipient): void {
    this.#state.added[this.#placeOf(message, 'add')]?.push(recipient);
  }

  commit(message: MessageHandle, nowMs: number): void {
    const place = this.#placeOf(message, 'commit');
    const added = this.#state.added[place] ?? [];
    if (added.length === 0) {
      throw new SchedulerError('SCHEDULER_MISUSE', `Committing message ${message} without a recipient.`);
    }
    const tenant = this.#state.buildingTenants[place] ?? noTenant;
    this.#close(place);
    commitMessage(this.#state, message, added, tenant, nowMs);
    this.#run(nowMs);
  }

  rollback(message: MessageHandle): void {
    this.#close(this.#placeOf(message, 'rollback'));
    this.#state.messages.free(message);
  }

  routeResolved(key: string, plan: RoutePlan, nowMs: number): void {
    const s = this.#state;
    const route = s.routes.find(key);
    if (route < 0) return;
    const before = s.routes.site.get(route);
    if (plan.kind === 'relay') {
      const site = s.sites.intern(plan);
      forgetPlaces(s, site);
      s.sites.references.add(site, 1);
      if (before >= 0) detachSite(s, route);
      s.routes.site.set(route, site);
      s.routes.plan.set(route, PlanState.relay);
      s.routes.errorPlans.delete(route);
    } else {
      stopRoute(s, route);
      s.routes.plan.set(route, PlanState.error);
      s.routes.errorPlans.set(route, plan);
    }
    s.routes.validUntilMs.set(route, validUntil(plan, nowMs));
    endAsking(s, route, nowMs);
    makeRunnable(s, route);
    this.#run(nowMs);
  }

  connectionReady(connection: ConnectionHandle, nowMs: number): void {
    this.#checkConnection(connection, 'ready');
    becameReady(this.#state, connection, nowMs);
    this.#run(nowMs);
  }

  transactionDone(
    connection: ConnectionHandle,
    results: readonly RecipientResult[],
    reusable: boolean,
    nowMs: number,
  ): void {
    this.#checkConnection(connection, 'done with a transaction');
    if (this.#state.connections.task.get(connection) < 0) {
      throw new SchedulerError(
        'SCHEDULER_MISUSE',
        `Connection ${connection} reports results without a transaction.`,
      );
    }
    finishTransaction(this.#state, connection, results, reusable, nowMs);
    this.#run(nowMs);
  }

  connectionClosed(connection: ConnectionHandle, end: ConnectionEnd, nowMs: number): void {
    this.#checkConnection(connection, 'closed');
    endConnection(this.#state, connection, end, nowMs);
    this.#run(nowMs);
  }

  tick(nowMs: number): void {
    passTime(this.#state, nowMs);
    this.#run(nowMs);
  }

  setDateShift(shiftMs: number, shownMs = shiftMs): void {
    this.#state.dateShiftMs = shiftMs;
    this.#state.shownShiftMs = shownMs;
  }

  sourcesLack(doLack: boolean): void {
    this.#state.sourcesLack = doLack;
  }

  lookupsStopped(areStopped: boolean): void {
    this.#state.lookupsStopped = areStopped;
  }

  nextWakeMs(): number {
    return nextWakeMs(this.#state);
  }

  pause(reason: string | undefined, nowMs: number): void {
    const s = this.#state;
    s.pauseReason = reason ?? '';
    s.counters.setLimit(s.pauseCounter, reason === undefined ? 1 : 0);
    this.#run(nowMs);
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
    this.#checkQueued(message, 'reroute');
    const complete = rerouteRecipients(this.#state, message, routes, nowMs);
    this.#run(nowMs);
    return complete;
  }

  retryNow(message: MessageHandle, nowMs: number): number {
    this.#checkQueued(message, 'retry');
    const due = retryMessage(this.#state, message, nowMs);
    this.#run(nowMs);
    return due;
  }

  hold(message: MessageHandle): boolean {
    this.#checkQueued(message, 'hold');
    const isNew = !this.#state.messages.isHeld(message);
    holdMessage(this.#state, message);
    this.#run(this.#nowMs);
    return isNew;
  }

  release(message: MessageHandle, nowMs: number): boolean {
    this.#checkQueued(message, 'release');
    const wasHeld = this.#state.messages.isHeld(message);
    releaseMessage(this.#state, message, nowMs);
    this.#run(nowMs);
    return wasHeld;
  }

  notInFlight(message: MessageHandle, recipients: readonly number[]): number[] {
    this.#checkQueued(message, 'look at');
    return recipientsNotInFlight(this.#state, message, new Set(recipients));
  }

  remove(message: MessageHandle, recipients?: readonly number[]): number[] {
    this.#checkQueued(message, 'remove');
    const removed = removeRecipients(
      this.#state,
      message,
      recipients === undefined ? undefined : new Set(recipients),
      this.#nowMs,
    );
    this.#run(this.#nowMs);
    return removed;
  }

  expiresAtMs(message: MessageHandle): number {
    this.#checkQueued(message, 'ask for the lifetime of');
    return expiryOf(this.#state, message);
  }

  find(queueId: string): MessageHandle | undefined {
    const message = this.#state.messages.find(queueId);
    return message < 0 ? undefined : (message as MessageHandle);
  }

  queueIdOf(message: MessageHandle): string {
    if (!this.#state.messages.known(message)) {
      throw new SchedulerError(
        'SCHEDULER_MISUSE',
        `Asking for the queue id of message ${message}, which is not queued.`,
      );
    }
    return this.#state.messages.queueIdOf(message);
  }

  isQueued(message: MessageHandle, queueId: string): boolean {
    const { messages } = this.#state;
    return (
      messages.known(message) &&
      messages.state(message) === MessageState.queued &&
      messages.queueIdOf(message) === queueId
    );
  }

  recipients(): IterableIterator<QueuedRecipient> {
    return queuedRecipients(this.#state);
  }

  sites(most = Infinity, order?: SiteOrder): SiteStatus[] {
    return siteRows(this.#state, most, order);
  }

  siteCount(): number {
    return siteCount(this.#state);
  }

  explain(route: string, domain: string, tenant: string, plan: RelayPlan, nowMs: number): Explanation {
    const s = this.#state;
    const row = s.routes.intern(route, domain, s.tenants.intern(tenant));
    const explanation = explainRoute(s, row, plan, nowMs);
    const isNamed = s.routes.recipients.get(row) > 0 || s.routes.connections.get(row) > 0;
    const isNew = !isNamed && s.routes.plan.get(row) === PlanState.none;
    if (isNew) s.routes.forget(row);
    this.#run(nowMs);
    return explanation;
  }

  unexplainedWaits(most: number): UnexplainedWait[] {
    return unexplainedWaits(this.#state, most);
  }

  limits(most: number, nowMs: number): LimitsStatus {
    return limitsStatus(this.#state, most, nowMs);
  }

  rates(nowMs: number): readonly SavedRate[] {
    return this.#state.rates.save(nowMs);
  }

  restoreRates(saved: readonly SavedRate[]): void {
    this.#state.rates.restore(saved);
  }

  counts(): { readonly messages: number; readonly recipients: number; readonly connections: number } {
    const { connections, done, messages, recipients } = this.#state;
    return {
      messages: messages.live - done.length,
      recipients: recipients.live,
      connections: connections.live,
    };
  }

  #run(nowMs: number): void {
    this.#nowMs = nowMs;
    run(this.#state, nowMs);
  }

  /** Place in `building` of a message that is open. */
  #placeOf(message: MessageHandle, what: string): number {
    const place = this.#state.building.indexOf(message);
    if (place === -1) {
      throw new SchedulerError(
        'SCHEDULER_MISUSE',
        `Call to ${what} for message ${message}, which is not open.`,
      );
    }
    return place;
  }

  #close(place: number): void {
    const { added, building, buildingTenants } = this.#state;
    const [lastMessage, lastAdded, lastTenant] = [building.pop(), added.pop(), buildingTenants.pop()];
    if (place === building.length) return;
    if (lastMessage === undefined || lastAdded === undefined || lastTenant === undefined) return;
    building[place] = lastMessage;
    added[place] = lastAdded;
    buildingTenants[place] = lastTenant;
  }

  #checkQueued(message: MessageHandle, what: string): void {
    const { messages } = this.#state;
    if (!messages.known(message) || messages.state(message) !== MessageState.queued) {
      throw new SchedulerError(
        'SCHEDULER_MISUSE',
        `Call to ${what} message ${message}, which is not queued.`,
      );
    }
  }

  #checkConnection(connection: ConnectionHandle, what: string): void {
    if (!this.#state.connections.isLive(connection)) {
      throw new SchedulerError(
        'SCHEDULER_MISUSE',
        `Connection ${connection} is reported ${what}, but it is not open.`,
      );
    }
  }
}
