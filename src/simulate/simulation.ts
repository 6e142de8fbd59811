// A mail system on virtual time around the real scheduler: this plays the manager and the senders against a simulated
// network. The same seed and the same calls give the same run. Judging is left to the witness.

import type { RoutePlan } from '../route/types.ts';
import { Random } from '../schedule/store/random.ts';
import { drive, type EffectHandlers, type EffectOf } from '../schedule/drive.ts';
import type {
  ConnectionEnd,
  ConnectionHandle,
  MessageHandle,
  NewRecipient,
  NewScheduledMessage,
  Scheduler,
} from '../schedule/types.ts';
import type { Host } from './host.ts';
import { Link, refusalOf, timedOut } from './link.ts';
import { broken } from './simulation-error.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { Witness } from './witness.ts';

/** What the simulation needs of the world outside. */
export interface Network {
  /** What a look-up of a route key gives at this time. */
  plan(route: string, nowMs: number): RoutePlan;
  /** How long it takes. */
  planDelayMs(route: string): number;
  /** Undefined: there is no such address. */
  host(ip: string): Host | undefined;
}

export interface Timeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  /** For the whole of a transaction. */
  readonly replyMs: number;
}

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
  /** Those that are not done. */
  readonly recipients: readonly NewRecipient[];
}

const Event = { wake: 1, plan: 2, connected: 3, transacted: 4, closed: 5, unsent: 6, idleClosed: 7 } as const;

export class Simulation {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: Network;
  readonly #timeouts: Timeouts;
  readonly #witness: Witness;
  readonly #handlers: EffectHandlers;
  #scheduler: Scheduler;
  /** By connection handle. */
  #links: (Link | undefined)[] = [];
  /** By `Link.number`; numbers are used again. */
  readonly #linkOf: (Link | undefined)[] = [];
  readonly #freeLinks: number[] = [];
  #turns = 0;
  /** By message handle. */
  #numbers: number[] = [];
  #sizes: number[] = [];
  /** Routes that were asked for, by the number that their events carry. */
  readonly #routes: EffectOf<'resolve'>[] = [];
  readonly #routeNumbers = new Map<string, number>();
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
    this.#timeouts = timeouts;
    this.#scheduler = scheduler;
    this.#witness = witness;
    this.#handlers = this.#carryOut();
  }

  get scheduler(): Scheduler {
    return this.#scheduler;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#linkOf.length - this.#freeLinks.length;
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

  /** Lets everything happen until `endMs`, or until nothing is left to happen. */
  run(endMs: number): void {
    while (this.clock.step(endMs));
  }

  /** Does something at a time, unless the manager dies before. */
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
    const { nowMs } = this.clock;
    this.#epoch++;
    for (const link of this.#linkOf) {
      if (link === undefined) continue;
      this.#forget(link);
      link.machine.disconnect(link);
      this.#witness.closed(link, nowMs);
    }
    this.#links = [];
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
    const link = this.#linkOf[first];
    if (link === undefined || link.turn !== second) return;
    switch (kind) {
      case Event.connected:
        this.#connected(link);
        break;
      case Event.transacted:
        this.#transacted(link);
        break;
      case Event.unsent:
        this.#witnessUnsent(link);
        this.#close(link, { kind: 'closed' });
        break;
      default:
        this.#close(link, { kind: 'closed' });
        break;
    }
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
    const { route, key } = this.#routes[number] ?? broken('a route that nobody asked for');
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
      close: ({ connection }) => this.#closeIdle(this.#linkOfHandle(connection)),
      resolve: (effect) => {
        const delayMs = this.network.planDelayMs(effect.key);
        clock.put(clock.nowMs + delayMs, Event.plan, this.#routeNumber(effect), this.#epoch);
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
    this.#turn(link);
    // One that is not ready is given up: what was on it goes back.
    if (link.isReady) this.#after(this.#tripsMs(link, 1), Event.closed, link);
    else this.#after(1, Event.unsent, link);
  }

  #connect(effect: EffectOf<'connect'>, nowMs: number): void {
    const machine = this.network.host(effect.ip) ?? broken(`a connection to ${effect.ip}, which is no host`);
    if (this.#links[effect.connection] !== undefined)
      broken(`connection ${effect.connection} is opened twice`);
    const number = this.#freeLinks.pop() ?? this.#linkOf.length;
    const link = new Link(number, effect, machine);
    this.#linkOf[number] = link;
    this.#links[effect.connection] = link;
    this.#turn(link);
    this.#witness.opened(link, nowMs);
    this.#witnessGrant(link, true, nowMs);
    link.refusal = machine.connect(link, nowMs);
    this.#after(this.#connectMs(link, nowMs), Event.connected, link);
  }

  /** TCP, greeting and EHLO are a round trip each. */
  #connectMs(link: Link, nowMs: number): number {
    switch (link.refusal?.kind) {
      case 'silent':
        return this.#timeouts.connectMs;
      case 'refused':
        return this.#tripsMs(link, 1);
      case 'greeting':
        return this.#tripsMs(link, 2);
      case undefined: {
        const waitMs = link.machine.traits.length === 0 ? 0 : link.machine.greetingDelayMs(link, nowMs);
        if (waitMs < this.#timeouts.greetingMs) return this.#tripsMs(link, 3) + waitMs;
        link.refusal = { kind: 'silent', reply: '' };
        return this.#timeouts.greetingMs;
      }
    }
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
      this.#after(this.#tripsMs(link, 1), Event.unsent, link);
    else this.#after(this.#transactionMs(link, nowMs), Event.transacted, link);
  }

  #transact(effect: EffectOf<'transact'>, nowMs: number): void {
    const link = this.#linkOfHandle(effect.connection);
    link.transaction = effect.transaction;
    this.#turn(link);
    this.#witnessGrant(link, false, nowMs);
    // It closed while the grant was on its way: nothing was tried.
    if (link.machine.traits.length > 0 && link.machine.isGoneWhenUsed(link))
      this.#after(1, Event.unsent, link);
    else this.#after(this.#transactionMs(link, nowMs), Event.transacted, link);
  }

  /** MAIL, RCPT and DATA in one round trip (RFC 2920), the content and its answer in another. */
  #transactionMs(link: Link, nowMs: number): number {
    const sizeBytes = this.#sizes[link.transaction.message] ?? 0;
    const plainMs = this.#tripsMs(link, 2) + Math.floor(sizeBytes / link.machine.bytesPerMs);
    if (link.machine.traits.length === 0) return plainMs;
    return Math.min(plainMs + link.machine.replyDelayMs(link, nowMs), this.#timeouts.replyMs);
  }

  #transacted(link: Link): void {
    const { nowMs } = this.clock;
    const { machine, transaction } = link;
    const { message, recipients } = transaction;
    const number = this.numberOf(message);
    const isTooSlow =
      machine.traits.length > 0 && machine.replyDelayMs(link, nowMs) >= this.#timeouts.replyMs;
    const verdict = isTooSlow
      ? timedOut(link, recipients)
      : machine.transact(link, number, recipients, nowMs);
    for (const recipient of verdict.taken)
      this.#witness.took(link, number, recipient, !verdict.hangsUp, nowMs);
    this.#witness.answered(link, number, verdict.results, nowMs);
    // The scheduler may grant the next transaction in the same call.
    const turn = this.#turn(link);
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
    this.#forget(link);
    link.machine.disconnect(link);
    this.#witness.closed(link, nowMs);
    this.#scheduler.connectionClosed(link.connection, end, nowMs);
    this.settle();
  }

  #forget(link: Link): void {
    link.turn = -1;
    this.#links[link.connection] = undefined;
    this.#linkOf[link.number] = undefined;
    this.#freeLinks.push(link.number);
  }

  #witnessGrant(link: Link, first: boolean, nowMs: number): void {
    const { message, recipients } = link.transaction;
    this.#witness.granted(link, this.numberOf(message), recipients, first, nowMs);
  }

  #witnessUnsent(link: Link): void {
    const { message, recipients } = link.transaction;
    this.#witness.unsent(link, this.numberOf(message), recipients, this.clock.nowMs);
  }

  #linkOfHandle(connection: ConnectionHandle): Link {
    return this.#links[connection] ?? broken(`connection ${connection} is used but not open`);
  }

  /** A new turn: all events of the link that were put down before are void. */
  #turn(link: Link): number {
    this.#turns = (this.#turns + 1) & 0x7fffffff;
    link.turn = this.#turns;
    return this.#turns;
  }

  #after(delayMs: number, kind: number, link: Link): void {
    this.clock.put(this.clock.nowMs + delayMs, kind, link.number, link.turn);
  }

  /** So many round trips, each half as long to one and a half times as long as on average. */
  #tripsMs({ machine }: Link, trips: number): number {
    return 1 + Math.floor(machine.latencyMs * trips * (0.5 + this.random.next()));
  }

  #routeNumber(effect: EffectOf<'resolve'>): number {
    let number = this.#routeNumbers.get(effect.route);
    if (number === undefined) {
      number = this.#routes.length;
      this.#routes.push(effect);
      this.#routeNumbers.set(effect.route, number);
    }
    return number;
  }
}
