// The manager: passes events to the scheduler, has its effects carried out (`effects.ts`) and outcomes booked
// (`settlement.ts`), and wakes the scheduler at the time that it names. It decides nothing itself.

import type { Delivered } from '../deliver/delivered-lately.ts';
import { nextTurn } from '../io/timers.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import type { Events } from '../log/events.ts';
import type { MessageHandle, Scheduler } from '../schedule/types.ts';
import type { Outcome, RecoveredMessage, SpoolStore } from '../spool/types.ts';
import type { SenderToManager, Submitted } from '../channel/messages.ts';
import type { Admission } from './admission.ts';
import type { Damage } from './damage.ts';
import type { DamagedMail } from './damaged-mail.ts';
import type { DelayWatch } from './delay-watch.ts';
import type { Effects } from './effects.ts';
import type { FlightInHand, Flights } from './flights.ts';
import type { FailureReports } from './failure-reports.ts';
import { lateText } from './late-text.ts';
import type { Lookups } from './lookups.ts';
import { applyRouted } from './plugins/routed.ts';
import type { RouteQuestions } from './plugins/route-questions.ts';
import type { ManagerEvent, ManagerEvents } from './manager-events.ts';
import type { DoubtfulMoves } from './moves/doubtful-moves.ts';
import type { BouncerPort } from './ports.ts';
import type { QueueTallies } from './queue-tallies.ts';
import type { Results } from './results.ts';
import type { Settlement } from './settlement.ts';
import type { Shaping } from './shaping.ts';
import { WakeUp, type WakeUpParts } from './wake-up.ts';

export interface ManagerParts extends WakeUpParts {
  readonly scheduler: Scheduler;
  /** The scheduler's time. */
  readonly clock: DatedClock;
  /** As `ClockWatch.lookIfStepped`. */
  readonly lookAtClock: () => void;
  readonly store: Pick<SpoolStore, 'recover'>;
  readonly shaping: Shaping;
  readonly bouncer: Pick<BouncerPort, 'stop'>;
  /** Events that parts notice by themselves. */
  readonly events: ManagerEvents;
  readonly admission: Admission;
  readonly lookups: Lookups;
  readonly questions: Pick<RouteQuestions, 'stop'>;
  readonly results: Results;
  readonly effects: Effects;
  readonly settlement: Settlement;
  readonly reports: FailureReports;
  readonly damage: Damage;
  readonly damaged: DamagedMail;
  readonly delays: Pick<DelayWatch, 'start' | 'reconfigured' | 'stop'>;
  readonly happenings: Pick<Events, 'counted'>;
  readonly tallies?: Pick<QueueTallies, 'count'>;
  readonly flights: Pick<Flights, 'inHand' | 'on'>;
  /** Not given: nothing was being moved. */
  readonly doubtful?: DoubtfulMoves | undefined;
}

export class Manager {
  readonly #parts: ManagerParts;
  readonly #scheduler: Scheduler;
  readonly #clock: DatedClock;
  readonly #wakeUp: WakeUp;
  /** Unix ms. */
  readonly #startedAtMs: number;

  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.#scheduler = parts.scheduler;
    this.#clock = parts.clock;
    this.#startedAtMs = parts.clock.dateMs();
    this.#wakeUp = new WakeUp(parts, () => {
      this.#scheduler.tick(this.#clock.nowMs());
      this.settle();
    });
    parts.events.receive((event) => this.#take(event));
  }

  get scheduler(): Scheduler {
    return this.#scheduler;
  }

  /** What is known of messages. */
  get admission(): Pick<Admission, 'passesHolds' | 'recovered' | 'warned'> {
    return this.#parts.admission;
  }

  /** Unix ms at which a message was accepted. */
  receivedAtMs(message: MessageHandle): number {
    return this.#parts.admission.receivedAtMs(message);
  }

  /** Was a message released from routes that hold mail? */
  passesHolds(message: MessageHandle): boolean {
    return this.#parts.admission.passesHolds(message);
  }

  /** See `Admission.letPassHolds`. */
  letPassHolds(message: MessageHandle): void {
    this.#parts.admission.letPassHolds(message);
  }

  /** The oldest transaction of each connection. */
  inHand(): IterableIterator<FlightInHand> {
    return this.#parts.flights.inHand();
  }

  /** The queue id of the oldest transaction in flight on a connection. */
  messageOn(connection: number): string | undefined {
    return this.#parts.flights.on(connection)?.queueId;
  }

  /** Number of messages whose failures are not reported yet. */
  get reporting(): number {
    return this.#parts.settlement.reporting;
  }

  /** Tells the scheduler to show dates by the system's clock as it is at this moment. */
  showDates(): void {
    this.#scheduler.setDateShift(this.#clock.shiftMs, this.#clock.shownShiftMs);
  }

  /** Adds the messages that were in the queue when Sluice last stopped; resolves to their number. */
  async recover(): Promise<number> {
    let count = 0;
    for await (const message of this.#parts.store.recover()) {
      this.#recovered(message);
      if (++count % 1000 !== 0) continue;
      this.settle();
      // The messages of a segment come without I/O in between: the process would not hear that it is to stop.
      await nextTurn(this.#parts.timers);
    }
    this.decideMoves();
    this.#parts.delays.start();
    return count;
  }

  /** Adds messages that were being moved when Sluice ended, as far as it is known that they have; see `DoubtfulMoves`. */
  decideMoves(): void {
    for (const message of this.#parts.doubtful?.decided(this.#clock.nowMs()) ?? []) this.#recovered(message);
    this.settle();
  }

  /** Adds messages that receivers have put on stable storage. */
  submitted(batch: readonly Submitted[]): void {
    this.#parts.happenings.counted('received', this.#admit(batch));
    this.settle();
  }

  /** Takes the reports of a sender process, in their order. */
  senderReports(batch: readonly SenderToManager[]): void {
    const nowMs = this.#clock.nowMs();
    for (const report of batch) this.#parts.results.take(report, nowMs);
    this.settle();
  }

  /**
   * A sender process has closed the connections that it had for an earlier manager, or on an earlier link, and says what it delivered on them.
   * @param lose - returns its lost transactions to the queue
   */
  senderReturned(delivered: readonly Delivered[], isStopping: boolean, lose: () => void): void {
    const { results, settlement } = this.#parts;
    // The lifetime of a lost transaction may be over, though the sender has delivered it.
    const wasInDoubt = settlement.isInDoubt;
    settlement.isInDoubt = true;
    lose();
    results.deliveredBefore(delivered, isStopping);
    this.#parts.doubtful?.delivered(delivered);
    settlement.isInDoubt = wasInDoubt;
    this.settle();
  }

  /** Holds a message that could not be read; see `Damage.hold`. */
  holdDamaged(queueId: string, message: MessageHandle, why: string): void {
    this.#parts.damage.hold(queueId, message, why);
    this.settle();
  }

  /** Gives up damaged messages whose lifetime is over; to be called every few seconds. */
  expireDamaged(): void {
    this.#parts.damage.expire(this.#clock.nowMs());
    this.settle();
  }

  /** Runs an operator's change of the scheduler, and settles its effects. */
  change(outcomes: readonly Outcome[], action: (nowMs: number) => void): void {
    action(this.#clock.nowMs());
    this.#parts.settlement.add(outcomes);
    this.settle();
  }

  /** Applies the configuration that has come into force: limits, retry times, name servers. */
  reconfigured(): void {
    this.#parts.lookups.goOn();
    this.#parts.delays.reconfigured();
    this.#scheduler.reconfigure(this.#parts.shaping.renew(), this.#clock.nowMs());
    this.settle();
  }

  /** Carries out all effects of the scheduler, books outcomes, begins reports, and sets the timer of the next wake-up. */
  settle(): void {
    this.#parts.effects.carryOut();
    this.#parts.settlement.book();
    this.#wakeUp.arm();
  }

  /** Ends look-ups and reports: resolves when no report is being written. */
  async stop(): Promise<void> {
    const { lookups, questions, bouncer, reports, delays } = this.#parts;
    this.#wakeUp.stop();
    delays.stop();
    lookups.stop();
    questions.stop();
    bouncer.stop();
    await reports.stop();
  }

  /** @returns how many of them are new */
  #admit(batch: readonly Submitted[]): number {
    this.#parts.lookAtClock();
    const nowMs = this.#clock.nowMs();
    let received = 0;
    for (const message of batch) {
      if (!this.#parts.admission.submitted(message, nowMs)) continue;
      received++;
      this.#parts.tallies?.count('received', message.ref.store);
      if (message.turn !== undefined)
        this.#parts.settlement.add(this.#parts.admission.pacedOutcomes(message, message.turn));
    }
    return received;
  }

  #recovered(message: RecoveredMessage): void {
    const { admission, damaged, doubtful, happenings, tallies } = this.#parts;
    if (doubtful?.keeps(message) === true) return;
    // A message of this run counts as received here, because its receiver's own report comes later or never.
    if (message.receivedAtMs >= this.#startedAtMs) {
      happenings.counted('received', 1);
      tallies?.count('received', message.ref.store);
    }
    const handle = admission.recovered(message);
    doubtful?.recovered(handle, message.queueId);
    if (message.damage !== undefined) damaged.add(message.queueId, handle);
  }

  #take(event: ManagerEvent): void {
    const nowMs = this.#clock.nowMs();
    const { lookups, results, damage, settlement, shaping } = this.#parts;
    switch (event.kind) {
      case 'resolved':
        this.#scheduler.routeResolved(event.route, event.plan, nowMs);
        break;
      case 'routed':
        applyRouted(this.#scheduler, event.routed, nowMs);
        break;
      case 'reported':
        // Its writer has told that it was received.
        this.#admit([event.message]);
        break;
      case 'lost':
        results.lost(event.connection, nowMs);
        break;
      case 'carries':
        this.#scheduler.carry(event.connections, nowMs);
        break;
      case 'awaits':
        settlement.isInDoubt = event.doesAwait;
        break;
      case 'damaged':
        damage.found(event.queueIds);
        break;
      case 'stray':
        this.#recovered(event.message);
        break;
      case 'blocked':
        this.#scheduler.pause(event.reason, nowMs, event.store);
        break;
      case 'late':
        this.#scheduler.pause(lateText(event), nowMs, event.store, 'reports', event.tenant);
        break;
      case 'limits':
        this.#scheduler.reconfigure(shaping.renew(), nowMs);
        break;
      case 'dates':
        this.#scheduler.setDateShift(event.shiftMs);
        shaping.datesChanged(event.byMs);
        break;
      case 'outage':
        this.#scheduler.lookupsStopped(event.isOutage, nowMs);
        lookups.isOutage = event.isOutage;
        break;
      case 'sources':
        this.#scheduler.sourcesLack(event.areLacking);
        break;
      default:
        event satisfies never;
    }
    this.settle();
  }
}
