// The manager: carries events to the scheduler and the scheduler's effects to the spool, the router and the senders.
// It decides nothing itself; what the scheduler settles is journaled before it is forgotten.

import type { Delivered } from '../deliver/delivered-lately.ts';
import type { AttemptResult, CloseReport, Work } from '../deliver/types.ts';
import type { Envelope } from '../message/envelope.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import { damageRefusal, localFault, type Refusal } from '../message/refusal.ts';
import type { ConnectionHandle, Effect, MessageHandle, Scheduler, Transaction } from '../schedule/types.ts';
import type { Outcome, RecoveredMessage, SpoolReader, SpoolStore, StoredRef } from '../spool/types.ts';
import type { Stats } from '../stats/stats.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { SenderToManager, Submitted } from '../channel/messages.ts';
import { Admission } from './admission.ts';
import { damageIn, DamagedMail } from './damaged-mail.ts';
import type { ReportedRecipient } from './bouncer.ts';
import { DeferralLog } from './deferral-log.ts';
import { FailureReports } from './failure-reports.ts';
import { LocalFailures } from './local-failures.ts';
import { Lookups } from './lookups.ts';
import type { ManagerEvent, ManagerEvents } from './manager-events.ts';
import type { BouncerPort, RouterInForce, SenderPort } from './ports.ts';
import { Rerouter } from './rerouter.ts';
import type { Shaping } from './shaping.ts';

/** A message younger than this is read from the page cache without a thread hop. */
const freshMs = 60_000;

type DeferredEffect = Extract<Effect, { readonly kind: 'deferred' }>;

/** A transaction under way on a connection. */
interface Flight {
  readonly queueId: string;
  readonly transaction: Transaction;
}

export interface ManagerParts {
  readonly store: SpoolStore;
  readonly reader: SpoolReader;
  readonly scheduler: Scheduler;
  readonly routing: RouterInForce;
  readonly shaping: Shaping;
  readonly senders: SenderPort;
  readonly bouncer: BouncerPort;
  /** What parts find out by themselves. */
  readonly events: ManagerEvents;
  readonly log: Logger;
  readonly stats: Stats;
  /** The scheduler's time. */
  readonly clock: DatedClock;
  readonly timers: Timers;
  readonly troubles?: Troubles | undefined;
}

export class Manager {
  readonly #store: SpoolStore;
  readonly #scheduler: Scheduler;
  readonly #log: Logger;
  readonly #stats: Stats;
  readonly #clock: DatedClock;
  readonly #deferrals: DeferralLog;
  readonly #localFailures: LocalFailures;
  readonly #reader: SpoolReader;
  readonly #rerouter: Rerouter;
  readonly #lookups: Lookups;
  readonly #senders: SenderPort;
  readonly #bouncer: BouncerPort;
  readonly #shaping: Shaping;
  readonly #flights = new Map<number, Flight>();
  readonly #admission: Admission;
  readonly #damaged: DamagedMail;
  #outcomes: Outcome[] = [];
  readonly #failures: FailureReports;
  /** Unix ms. */
  readonly #startedAtMs: number;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #timerAtMs = Infinity;
  #stopping = false;

  constructor(parts: ManagerParts) {
    this.#store = parts.store;
    this.#scheduler = parts.scheduler;
    this.#clock = parts.clock;
    this.#startedAtMs = parts.clock.dateMs();
    this.#timers = parts.timers;
    this.#senders = parts.senders;
    this.#bouncer = parts.bouncer;
    this.#shaping = parts.shaping;
    this.#admission = new Admission(parts.scheduler, parts.store, parts.routing, parts.clock);
    this.#damaged = new DamagedMail(parts);
    this.#lookups = new Lookups({
      routing: parts.routing,
      nowMs: parts.clock.nowMs,
      resolved: (route, plan) => parts.events.post({ kind: 'resolved', route, plan }),
    });
    this.#log = parts.log;
    this.#stats = parts.stats;
    this.#reader = parts.reader;
    this.#deferrals = new DeferralLog(parts.log, parts.reader);
    this.#localFailures = new LocalFailures(parts.log);
    this.#failures = new FailureReports({
      timers: parts.timers,
      take: (queueId) => this.#takeForReport(queueId),
      report: (queueId, ref, recipients) => this.#report(queueId, ref, recipients),
    });
    this.#rerouter = new Rerouter({
      scheduler: parts.scheduler,
      routing: parts.routing,
      timers: parts.timers,
      envelope: (queueId) => this.#envelopeOf(queueId),
      changed: () => this.#drain(),
      nowMs: parts.clock.nowMs,
    });
    parts.events.receive((event) => this.#take(event));
  }

  /** Unix ms at which a message came in. */
  receivedAtMs(message: MessageHandle): number {
    return this.#admission.receivedAtMs(message);
  }

  get scheduler(): Scheduler {
    return this.#scheduler;
  }

  /** From here on, what people are told has the dates of the clock that they see at this moment. */
  showDates(): void {
    this.#scheduler.setDateShift(this.#clock.shiftMs, this.#clock.shownShiftMs);
  }

  /** Takes up what was in the queue when Sluice last stopped. Returns how many messages there are. */
  async recover(): Promise<number> {
    let count = 0;
    for await (const message of this.#store.recover()) {
      this.#recovered(message);
      count++;
      // A million messages come in without a turn of the loop in which nothing else could happen.
      if (count % 1000 === 0) this.#drain();
    }
    this.#drain();
    return count;
  }

  #take(event: ManagerEvent): void {
    const now = this.#clock.nowMs();
    switch (event.kind) {
      case 'resolved':
        this.#scheduler.routeResolved(event.route, event.plan, now);
        break;
      case 'reported':
        this.submitted([event.message]);
        return;
      case 'lost':
        this.#connectionLost(event.connection, now);
        break;
      case 'carries':
        this.#scheduler.carry(event.connections, now);
        break;
      case 'damaged':
        this.#foundDamaged(event.queueIds);
        break;
      case 'stray':
        this.#recovered(event.message);
        break;
      case 'blocked':
        this.#scheduler.pause(event.reason, now);
        break;
      case 'limits':
        this.#scheduler.reconfigure(this.#shaping.renew(), now);
        break;
      case 'dates':
        this.#scheduler.setDateShift(event.shiftMs);
        this.#shaping.datesChanged();
        break;
      case 'outage':
        this.#scheduler.lookupsStopped(event.isOutage);
        this.#lookups.isOutage = event.isOutage;
        break;
      case 'sources':
        this.#scheduler.sourcesLack(event.areLacking);
        break;
    }
    this.#drain();
  }

  #recovered(message: RecoveredMessage): void {
    // Its receiver reports it, too, if it lives: it is counted here, where it is new.
    if (message.receivedAtMs >= this.#startedAtMs) this.#stats.count('received');
    const handle = this.#admission.recovered(message);
    if (message.damage !== undefined) this.#damaged.add(message.queueId, handle);
  }

  #foundDamaged(queueIds: readonly string[]): void {
    for (const queueId of queueIds) {
      const message = this.#scheduler.find(queueId);
      if (message === undefined) continue;
      this.#scheduler.hold(message);
      this.#damaged.add(queueId, message);
    }
  }

  /** Gives up damaged messages whose lifetime is over; to be called every few seconds. */
  expireDamaged(): void {
    for (const message of this.#damaged.expired(this.#clock.nowMs())) {
      this.#giveUp(message, undefined, damageRefusal('nobody could repair it in its lifetime'), true);
    }
    this.#drain();
  }

  #giveUp(
    message: MessageHandle,
    recipients: readonly number[] | undefined,
    refusal: Refusal,
    expired: boolean,
  ): number {
    const queueId = this.#admission.queueIdOf(message);
    const removed = this.#scheduler.remove(message, recipients);
    this.#stats.count('bounced', removed.length);
    for (const recipient of removed) {
      this.#failures.add(queueId, { recipient, action: 'failed', refusal, expired });
    }
    return removed.length;
  }

  /** Messages that receivers have put on stable storage. */
  submitted(batch: readonly Submitted[]): void {
    const now = this.#clock.nowMs();
    let received = 0;
    for (const message of batch) if (this.#admission.submitted(message, now)) received++;
    this.#stats.count('received', received);
    this.#drain();
  }

  /** What a sender process reports, in its order. */
  senderReports(batch: readonly SenderToManager[]): void {
    const now = this.#clock.nowMs();
    for (const report of batch) {
      switch (report.kind) {
        case 'ready':
          this.#scheduler.connectionReady(report.connection as ConnectionHandle, now);
          break;
        case 'done':
          this.#done(report.connection, report.results, report.reusable, now);
          break;
        case 'closed':
          this.#closed(report.connection, report.report, now);
          break;
        case 'hello':
          break;
        default:
          report satisfies never;
      }
    }
    this.#drain();
  }

  /** What a sender delivered for an earlier manager, which may have died before it was in the journal. */
  deliveredBefore(delivered: readonly Delivered[]): void {
    for (const { queueId, recipients, relayedWithoutDsn } of delivered) {
      // Most of it was journaled: the message is done, and need not be looked for.
      if (this.#store.locate(queueId) === undefined) continue;
      const message = this.#scheduler.find(queueId);
      if (message === undefined) continue;
      for (const recipient of this.#scheduler.remove(message, recipients)) {
        this.#outcomes.push({ kind: 'delivered', queueId, recipient });
        this.#stats.count('delivered');
        if (relayedWithoutDsn.includes(recipient)) this.#relayed(queueId, recipient, undefined);
      }
    }
    this.#drain();
  }

  #relayed(queueId: string, recipient: number, host: string | undefined): void {
    this.#failures.add(queueId, { recipient, action: 'relayed', host });
  }

  /** What the process had in hand may or may not have arrived. */
  #connectionLost(connection: number, now: number): void {
    const flight = this.#flights.get(connection);
    if (flight !== undefined) {
      const refusal = localFault('queue', 'Sluice lost the connection in the middle of the transaction');
      const results = flight.transaction.recipients.map(
        (recipient) => ({ recipient, result: 'refused', refusal }) as const,
      );
      this.#done(connection, results, false, now);
    }
    this.#closed(connection, { kind: 'closed' }, now);
  }

  #done(connection: number, results: readonly AttemptResult[], reusable: boolean, now: number): void {
    const flight = this.#flights.get(connection);
    if (flight === undefined) return;
    this.#flights.delete(connection);
    for (const each of results) {
      if (each.relayedTo !== undefined) this.#relayed(flight.queueId, each.recipient, each.relayedTo);
    }
    this.#scheduler.transactionDone(connection as ConnectionHandle, results, reusable, now);
    this.#effects(flight.transaction.message, results);
    const damage = damageIn(results);
    if (damage !== undefined) this.#holdDamaged(flight.queueId, flight.transaction.message, damage);
    this.#store.unpin(flight.queueId);
  }

  /** A message that nobody can read is held, and its journal says why. */
  holdDamaged(queueId: string, message: MessageHandle, why: string): void {
    this.#holdDamaged(queueId, message, why);
    this.#drain();
  }

  /** Another attempt would find the same: the message is for an operator to look at. */
  #holdDamaged(queueId: string, message: MessageHandle, why: string): void {
    if (!this.#scheduler.isQueued(message, queueId)) return;
    this.#scheduler.hold(message);
    this.#outcomes.push({ kind: 'damaged', queueId, why });
    this.#damaged.add(queueId, message);
  }

  #closed(connection: number, report: CloseReport, now: number): void {
    this.#senders.closed(connection);
    const flight = this.#flights.get(connection);
    this.#flights.delete(connection);
    if (report.kind === 'failed' && report.refusal.by.kind === 'local') {
      this.#localFailures.failed(report.refusal, now);
    }
    const end = report.kind === 'failed' ? report : ({ kind: 'closed' } as const);
    this.#scheduler.connectionClosed(connection as ConnectionHandle, end, now);
    this.#effects();
    if (flight !== undefined) this.#store.unpin(flight.queueId);
  }

  /** Runs what the scheduler wants until it wants nothing more, then sees to the journal, reports and the clock. */
  #drain(): void {
    this.#effects();
    // Before outcomes are booked: a message that they end is taken first, if something is to be said about it.
    this.#failures.start();
    if (this.#outcomes.length > 0) {
      const outcomes = this.#outcomes;
      this.#outcomes = [];
      this.#store.settle(outcomes);
    }
    this.#armTimer();
  }

  /** @param results - of an attempt for this message that has just been settled; the log tells more with them */
  #effects(message?: MessageHandle, results?: readonly AttemptResult[]): void {
    const { effects } = this.#scheduler;
    // Answering a `resolve` from the cache adds effects at the end while this loop runs.
    for (let index = 0; index < effects.length; index++) {
      const effect = effects[index];
      if (effect === undefined) continue;
      if (effect.kind === 'deferred')
        this.#deferred(effect, effect.message === message ? results : undefined);
      else this.#effect(effect);
    }
    effects.length = 0;
  }

  #effect(effect: Exclude<Effect, DeferredEffect>): void {
    switch (effect.kind) {
      case 'transact':
        this.#senders.transact(effect.connection, this.#work(effect.connection, effect.transaction));
        break;
      case 'delivered': {
        const queueId = this.#admission.queueIdOf(effect.message);
        this.#outcomes.push({ kind: 'delivered', queueId, recipient: effect.recipient });
        this.#stats.count('delivered');
        break;
      }
      case 'connect':
        this.#senders.connect({
          connection: effect.connection,
          site: effect.site,
          ip: effect.ip,
          port: effect.port,
          host: effect.host,
          source: effect.source ?? '',
          work: this.#work(effect.connection, effect.transaction),
        });
        break;
      case 'close':
        this.#senders.close(effect.connection);
        break;
      case 'resolve': {
        const known = this.#lookups.ask(effect.route, effect.key);
        if (known !== undefined) this.#scheduler.routeResolved(effect.route, known, this.#clock.nowMs());
        break;
      }
      case 'failed': {
        const { recipient, refusal, expired } = effect;
        const queueId = this.#admission.queueIdOf(effect.message);
        this.#stats.count('bounced');
        this.#failures.add(queueId, { recipient, action: 'failed', refusal, expired });
        break;
      }
      case 'done':
        if (this.#failures.waiting > 0) this.#failures.complete(this.#admission.queueIdOf(effect.message));
        this.#admission.forgetId(effect.message);
        break;
    }
  }

  #deferred(effect: DeferredEffect, results: readonly AttemptResult[] | undefined): void {
    const queueId = this.#admission.queueIdOf(effect.message);
    const { recipient, attempts, nextAttemptAtMs, refusal } = effect;
    this.#outcomes.push({ kind: 'deferred', queueId, recipient, attempts, nextAttemptAtMs, refusal });
    this.#stats.count('deferred');
    this.#admission.forgetId(effect.message);
    this.#deferrals.deferred(queueId, this.#store.locate(queueId), effect, results);
  }

  #work(connection: ConnectionHandle, transaction: Transaction): Work {
    const queueId = this.#admission.queueIdOf(transaction.message);
    const ref = this.#store.locate(queueId) ?? { segment: 0, offset: 0, length: 0 };
    this.#store.pin(queueId);
    this.#flights.set(connection, { queueId, transaction });
    const age = this.#clock.dateMs() - this.#admission.receivedAtMs(transaction.message);
    return { queueId, ref, recipients: transaction.recipients, fresh: age < freshMs };
  }

  /** A message that is reported about stays in the spool until the report is stored. */
  #takeForReport(queueId: string): StoredRef | undefined {
    const ref = this.#store.locate(queueId);
    if (ref !== undefined) this.#store.pin(queueId);
    return ref;
  }

  async #report(queueId: string, ref: StoredRef, recipients: readonly ReportedRecipient[]): Promise<void> {
    let isReported = true;
    try {
      isReported = await this.#bouncer.report(queueId, ref, recipients);
    } catch (error) {
      // A mistake of ours: tried again, it would be made again.
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error(`message ${queueId} failed, and its report could not be written: ${reason}`);
    }
    if (isReported) {
      this.#store.settle(
        recipients
          .filter((each) => each.action === 'failed')
          .map(({ recipient }) => ({ kind: 'failed', queueId, recipient })),
      );
    }
    this.#store.unpin(queueId);
  }

  #armTimer(): void {
    if (this.#stopping) return;
    const next = this.#scheduler.nextWakeMs();
    if (next >= this.#timerAtMs) return;
    this.#timers.clear(this.#timer);
    this.#timerAtMs = next;
    const delay = Math.min(Math.max(next - this.#clock.nowMs(), 0), 2_147_000_000);
    const due = (): void => {
      this.#timerAtMs = Infinity;
      this.#scheduler.tick(this.#clock.nowMs());
      this.#drain();
    };
    this.#timer = this.#timers.setTimeout(due, delay);
  }

  /** Another configuration is in force: new limits, retry times and routes. */
  reconfigured(): void {
    this.#lookups.goOn();
    this.#scheduler.reconfigure(this.#shaping.renew(), this.#clock.nowMs());
    this.#drain();
    void this.#rerouter.reroute();
  }

  async #envelopeOf(queueId: string): Promise<Envelope | undefined> {
    const ref = this.#store.locate(queueId);
    return ref === undefined ? undefined : this.#reader.readEnvelope(ref).catch(() => undefined);
  }

  /** Runs an operator's change of the scheduler and what follows from it. */
  change(outcomes: readonly Outcome[], action: (nowMs: number) => void): void {
    action(this.#clock.nowMs());
    this.#outcomes.push(...outcomes);
    this.#drain();
  }

  /** Messages whose failures are not reported yet. */
  get reporting(): number {
    return this.#failures.waiting;
  }

  /** No more grants from here on; call once the senders have drained. Resolves when no report is being written. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#rerouter.stop();
    this.#lookups.stop();
    this.#bouncer.stop();
    await this.#failures.stop();
    this.#timers.clear(this.#timer);
  }
}
