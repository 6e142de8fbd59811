// A mail system on virtual time around the real scheduler: this plays the manager and the senders against a simulated
// network. The same seed and the same calls give the same run. Whether the run was right is for the witness to judge.

import { Random } from '../schedule/store/random.ts';
import { drive, type EffectHandlers, type EffectOf } from '../schedule/drive.ts';
import type {
  ConnectionEnd,
  MessageHandle,
  NewRecipient,
  NewScheduledMessage,
  Scheduler,
} from '../schedule/types.ts';
import { type Link, refusalOf, timedOut } from './link.ts';
import { Links } from './links.ts';
import { LinkTimes, type Timeouts } from './link-times.ts';
import type { Network } from './network.ts';
import { RouteRequests } from './route-requests.ts';
import { broken } from './simulation-error.ts';
import { addressOf } from './trait.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { Witness } from './witness.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly startMs: number;
  readonly network: Network;
  readonly timeouts: Timeouts;
  readonly scheduler: Scheduler;
  readonly witness: Witness;
}

/** A message as it is handed to the scheduler. */
export interface SimulatedMessage extends NewScheduledMessage {
  /** Tells messages apart, 0 or more. */
  readonly number: number;
  readonly sizeBytes: number;
  /** The recipients that are not done. */
  readonly recipients: readonly NewRecipient[];
}

const Event = { wake: 1, plan: 2, connected: 3, transacted: 4, closed: 5, unsent: 6, idleClosed: 7 } as const;

export class Simulation {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: Network;
  readonly #times: LinkTimes;
  readonly #witness: Witness;
  readonly #handlers: EffectHandlers;
  #scheduler: Scheduler;
  readonly #links = new Links();
  /** By message handle. */
  #numbers: number[] = [];
  #sizes: number[] = [];
  readonly #requests = new RouteRequests();
  /** Goes up with every crash: what was on its way before is lost. */
  #epoch = 0;
  #wakeAtMs = Infinity;
  #wakes = 0;
  /** What the scheduler adds to its times for a date. */
  #dateShiftMs = 0;

  constructor({ seed, startMs, network, timeouts, scheduler, witness }: SimulationOptions) {
    this.clock = new VirtualClock(startMs, (kind, first, second) => this.#happen(kind, first, second));
    this.random = new Random(seed ^ 0x5eed);
    this.network = network;
    this.#times = new LinkTimes(timeouts, this.random);
    this.#scheduler = scheduler;
    this.#witness = witness;
    this.#handlers = this.#carryOut();
  }

  get scheduler(): Scheduler {
    return this.#scheduler;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#links.count;
  }

  numberOf(message: MessageHandle): number {
    return this.#numbers[message] ?? broken(`message ${message} is not known`);
  }

  submit(message: SimulatedMessage): void {
    const scheduler = this.#scheduler;
    const { queueId, tenant, priority, receivedAtMs, nullSender, held } = message;
    const handle = scheduler.begin({ queueId, tenant, priority, receivedAtMs, nullSender, held });
    this.#numbers[handle] = message.number;
    this.#sizes[handle] = message.sizeBytes;
    for (const recipient of message.recipients) scheduler.add(handle, recipient);
    scheduler.commit(handle, this.clock.nowMs);
    this.settle();
  }

  /** Runs all events until `endMs`, or until there is none left. */
  run(endMs: number): void {
    while (this.clock.step(endMs));
  }

  /** Calls `act` after a delay, unless the manager dies before. */
  later(delayMs: number, act: () => void): void {
    const epoch = this.#epoch;
    this.clock.at(this.clock.nowMs + delayMs, () => {
      if (epoch === this.#epoch) act();
    });
  }

  /** The system's clock shows another date from now on; time goes on as it did. */
  setDateShift(shiftMs: number): void {
    this.#dateShiftMs = shiftMs;
    this.#scheduler.setDateShift(shiftMs);
  }

  /** Kills manager and senders; the caller hands the waiting messages to the new scheduler by `submit`. */
  crash(scheduler: Scheduler): void {
    this.#epoch++;
    this.#links.closeAll((link) => this.#ended(link));
    this.#numbers = [];
    this.#sizes = [];
    this.#wakeAtMs = Infinity;
    this.#wakes++;
    this.#scheduler = scheduler;
  }

  /** Performs what the scheduler wants done after a call, and sees to its being woken. */
  settle(): void {
    const { nowMs } = this.clock;
    drive(this.#scheduler, this.#handlers);
    this.#witness.settled(nowMs);
    const wakeMs = this.#scheduler.nextWakeMs();
    if (wakeMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = wakeMs;
    this.#wakes++;
    this.clock.put(wakeMs, Event.wake, this.#wakes, 0);
  }

  #happen(kind: number, first: number, second: number): void {
    switch (kind) {
      case Event.wake:
        if (first === this.#wakes) this.#wake();
        return;
      case Event.plan:
        if (second === this.#epoch) this.#answer(first);
        return;
    }
    const link = this.#links.inTurn(first, second);
    if (link === undefined) return;
    if (kind === Event.connected) return this.#connected(link);
    if (kind === Event.transacted) return this.#transacted(link);
    if (kind === Event.unsent) this.#witnessUnsent(link);
    this.#close(link, { kind: 'closed' });
  }

  #wake(): void {
    const { nowMs } = this.clock;
    this.#wakeAtMs = Infinity;
    this.#scheduler.tick(nowMs);
    this.settle();
    if (this.#wakeAtMs <= nowMs) broken('a tick leaves something undone');
  }

  #answer(number: number): void {
    const { nowMs } = this.clock;
    const { route, key } = this.#requests.at(number);
    this.#scheduler.routeResolved(route, this.network.plan(key, nowMs), nowMs);
    this.settle();
  }

  /** @returns what is done about each effect */
  #carryOut(): EffectHandlers {
    const witness = this.#witness;
    const { clock } = this;
    return {
      before: (effect) => witness.effect(effect, clock.nowMs),
      connect: (effect) => this.#connect(effect, clock.nowMs),
      transact: (effect) => this.#transact(effect, clock.nowMs),
      close: ({ connection }) => this.#closeIdle(this.#links.of(connection)),
      resolve: (effect) => {
        const delayMs = this.network.planDelayMs(effect.key);
        clock.put(clock.nowMs + delayMs, Event.plan, this.#requests.numberOf(effect), this.#epoch);
      },
      deferred: (effect) => {
        if (effect.nextAttemptAtMs - this.#dateShiftMs <= clock.nowMs)
          broken('the next attempt is not later');
        witness.deferred(this.numberOf(effect.message), effect, clock.nowMs);
      },
      delivered: ({ message, recipient }) =>
        witness.delivered(this.numberOf(message), recipient, clock.nowMs),
      failed: (effect) => witness.failed(this.numberOf(effect.message), effect, clock.nowMs),
      done: ({ message }) => witness.done(this.numberOf(message), clock.nowMs),
    };
  }

  #closeIdle(link: Link): void {
    this.#links.nextTurn(link);
    // A connection that is not ready is given up: its transaction goes back to the scheduler.
    if (link.isReady) this.#after(this.#times.tripsMs(link, 1), Event.closed, link);
    else this.#after(1, Event.unsent, link);
  }

  #connect(effect: EffectOf<'connect'>, nowMs: number): void {
    const { hop } = effect;
    const machine =
      this.network.host(addressOf(hop)) ?? broken(`a connection to ${hop.key}, which is no host`);
    const link = this.#links.open(effect, machine);
    this.#links.nextTurn(link);
    this.#witness.opened(link, nowMs);
    this.#witnessGrant(link, true, nowMs);
    link.refusal = machine.connect(link, nowMs);
    this.#after(this.#times.connectMs(link, nowMs), Event.connected, link);
  }

  #connected(link: Link): void {
    const { nowMs } = this.clock;
    if (link.refusal !== undefined) {
      this.#witnessUnsent(link);
      this.#witness.refused(link, link.refusal, nowMs);
      this.#close(link, { kind: 'failed', refusal: refusalOf(link, link.refusal) });
      return;
    }
    link.isReady = true;
    this.#scheduler.connectionReady(link.connection, nowMs);
    this.settle();
    if (link.machine.traits.length > 0 && link.machine.hangsUpEarly(link))
      this.#after(this.#times.tripsMs(link, 1), Event.unsent, link);
    else this.#after(this.#transactionMs(link, nowMs), Event.transacted, link);
  }

  #transact(effect: EffectOf<'transact'>, nowMs: number): void {
    const link = this.#links.of(effect.connection);
    link.transaction = effect.transaction;
    this.#links.nextTurn(link);
    this.#witnessGrant(link, false, nowMs);
    // The host closed it while the grant was on its way: nothing was tried.
    if (link.machine.traits.length > 0 && link.machine.isGoneWhenUsed(link))
      this.#after(1, Event.unsent, link);
    else this.#after(this.#transactionMs(link, nowMs), Event.transacted, link);
  }

  #transactionMs(link: Link, nowMs: number): number {
    return this.#times.transactionMs(link, this.#sizes[link.transaction.message] ?? 0, nowMs);
  }

  #transacted(link: Link): void {
    const { nowMs } = this.clock;
    const { machine, transaction } = link;
    const { message, recipients } = transaction;
    const number = this.numberOf(message);
    const isTooSlow = this.#times.isTooSlow(link, nowMs);
    const verdict = isTooSlow
      ? timedOut(link, recipients)
      : machine.transact(link, number, recipients, nowMs);
    for (const recipient of verdict.taken)
      this.#witness.took(link, number, recipient, !verdict.hangsUp, nowMs);
    this.#witness.answered(link, number, verdict.results, nowMs);
    // The scheduler may grant the next transaction in the same call.
    const turn = this.#links.nextTurn(link);
    this.#scheduler.transactionDone(link.connection, verdict.results, !verdict.hangsUp, nowMs);
    this.settle();
    if (link.turn !== turn) return;
    if (verdict.hangsUp) {
      this.#after(1, Event.closed, link);
    } else if (machine.traits.length > 0) {
      const afterMs = machine.closesIdleAfterMs(link);
      if (afterMs >= 0) this.#after(afterMs, Event.idleClosed, link);
    }
  }

  #close(link: Link, end: ConnectionEnd): void {
    const { nowMs } = this.clock;
    this.#links.close(link);
    this.#ended(link);
    this.#scheduler.connectionClosed(link.connection, end, nowMs);
    this.settle();
  }

  #ended(link: Link): void {
    link.machine.disconnect(link);
    this.#witness.closed(link, this.clock.nowMs);
  }

  #witnessGrant(link: Link, first: boolean, nowMs: number): void {
    const { message, recipients } = link.transaction;
    this.#witness.granted(link, this.numberOf(message), recipients, first, nowMs);
  }

  #witnessUnsent(link: Link): void {
    const { message, recipients } = link.transaction;
    this.#witness.unsent(link, this.numberOf(message), recipients, this.clock.nowMs);
  }

  #after(delayMs: number, kind: number, link: Link): void {
    this.clock.put(this.clock.nowMs + delayMs, kind, link.number, link.turn);
  }
}
