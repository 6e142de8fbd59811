// A mail system on virtual time around the real scheduler: this plays the manager and the senders against a simulated
// network. The same seed and the same calls give the same run. Whether the run was right is for the witness to judge.

import { Random } from '../schedule/store/random.ts';
import { drive, type EffectHandlers } from '../schedule/drive.ts';
import type { MessageHandle, NewRecipient, NewScheduledMessage, Scheduler } from '../schedule/types.ts';
import type { PipelineDepth } from './host.ts';
import type { Timeouts } from './link-times.ts';
import type { Network } from './network.ts';
import { RouteRequests } from './route-requests.ts';
import { broken } from './simulation-error.ts';
import { Traffic } from './traffic.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { Witness } from './witness.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly startMs: number;
  readonly network: Network;
  readonly timeouts: Timeouts;
  readonly scheduler: Scheduler;
  readonly witness: Witness;
  /** One transaction at a time on each connection where it is not given. */
  readonly depth?: PipelineDepth | undefined;
}

/** A message as it is handed to the scheduler. */
export interface SimulatedMessage extends NewScheduledMessage {
  /** Tells messages apart, 0 or more. */
  readonly number: number;
  readonly sizeBytes: number;
  /** The recipients that are not done. */
  readonly recipients: readonly NewRecipient[];
}

/** Kinds of events on the clock, beside those of `LinkEvent`. */
const Event = { wake: 1, plan: 2 } as const;

export class Simulation {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: Network;
  readonly #witness: Witness;
  readonly #handlers: EffectHandlers;
  readonly #traffic: Traffic;
  #scheduler: Scheduler;
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

  constructor({ seed, startMs, network, timeouts, scheduler, witness, depth }: SimulationOptions) {
    this.clock = new VirtualClock(startMs, (kind, first, second) => this.#happen(kind, first, second));
    this.random = new Random(seed ^ 0x5eed);
    this.network = network;
    this.#scheduler = scheduler;
    this.#witness = witness;
    const { clock, random } = this;
    this.#traffic = new Traffic({ clock, random, network, timeouts, depth, witness, manager: this });
    this.#handlers = this.#carryOut();
  }

  get scheduler(): Scheduler {
    return this.#scheduler;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#traffic.connections;
  }

  numberOf(message: MessageHandle): number {
    return this.#numbers[message] ?? broken(`message ${message} is not known`);
  }

  /** In bytes. */
  sizeOf(message: MessageHandle): number {
    return this.#sizes[message] ?? 0;
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
    this.#traffic.loseAll();
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
      default:
        this.#traffic.happen(kind, first, second);
    }
  }

  #wake(): void {
    const { nowMs } = this.clock;
    this.#wakeAtMs = Infinity;
    // What mail has waited for until now may be over with the tick.
    this.#witness.passed(nowMs);
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
      connect: (effect) => this.#traffic.connect(effect),
      transact: (effect) => this.#traffic.transact(effect),
      close: (effect) => this.#traffic.close(effect),
      // Nobody in here visits: those who do watch the effects.
      visit: () => undefined,
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
}
