// A simulated mail system under judgement: the simulation that `sluice simulate` runs, a ledger that knows what became of
// every recipient, books that count every limit, and an audit of the scheduler's state after every few calls. Stops at
// the first rule that is broken; a seed replays everything.

import { type ClockRun, confirmMs, SteadyClock } from '../../src/io/steady-clock.ts';
import type { Stretch } from '../../src/io/timeline.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { State } from '../../src/schedule/state.ts';
import type { Effect, Scheduler, SchedulerConfig } from '../../src/schedule/types.ts';
import { Simulation } from '../../src/simulate/simulation.ts';
import type { Network } from '../../src/simulate/network.ts';
import type { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { Attempts } from './attempts.ts';
import { audit, auditEmpty } from './audit.ts';
import { Books } from './books.ts';
import { Fingerprint } from './fingerprint.ts';
import { check, Ledger, type LedgerMessage } from './ledger.ts';
import { Panel } from './panel.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly internet: Network;
  readonly config: SchedulerConfig;
  readonly startMs: number;
  /** The state is looked through after every so many calls; 0: never. */
  readonly auditEvery: number;
  /** More judges, of those in the ledger. */
  readonly judges?: (ledger: Ledger) => readonly Witness[];
}

const day = 86_400_000;

const timeouts = { connectMs: 30_000, greetingMs: 300_000, replyMs: 600_000 };

export class World {
  readonly simulation: Simulation;
  readonly ledger = new Ledger();
  readonly books: Books;
  config: SchedulerConfig;
  calls = 0;
  #state: State;
  readonly #fingerprint = new Fingerprint();
  readonly #auditEvery: number;
  #isPaused = false;
  /** A new manager has not read the whole journal yet. */
  #recovering = false;
  readonly #startMs: number;
  readonly #leastLifetimeMs: { readonly mail: number; readonly bounce: number };
  /** What the system's clock shows is ahead of the time of the world by this. */
  #aheadMs = 0;
  /** Dates that the clock has shown, or may have shown, twice. */
  #repeatedMs = 0;
  #steady: SteadyClock;
  /** When messages came in, as the clock said then. */
  readonly #dates = new Map<number, number>();

  constructor({ seed, internet, config, startMs, auditEvery, judges }: WorldOptions) {
    this.config = config;
    this.books = new Books(config, this.ledger);
    this.#auditEvery = auditEvery;
    this.#state = new State(config);
    this.#startMs = startMs;
    this.#leastLifetimeMs = { mail: config.lifetimeMs, bounce: config.bounceLifetimeMs };
    const attempts = new Attempts();
    const auditor = new Auditor(
      () => this.#audited(),
      () => check(!this.#isPaused, () => 'granted while grants are paused'),
      (number) => this.#expired(number),
    );
    this.simulation = new Simulation({
      seed,
      startMs,
      network: attempts.watched(internet),
      timeouts,
      scheduler: createScheduler(config, startMs, this.#state),
      witness: new Panel([
        this.#fingerprint,
        this.ledger,
        this.books,
        attempts,
        ...(judges?.(this.ledger) ?? []),
        auditor,
      ]),
    });
    this.#steady = this.#bootClock([]);
  }

  /** Somebody sets the system's clock; Sluice looks at it only every few seconds. */
  stepClock(byMs: number): void {
    const { clock, random } = this.simulation;
    this.#aheadMs += byMs;
    // Dates of before come again: what of these was when can no longer be told.
    if (byMs < 0) this.#repeatedMs += Math.min(-byMs, clock.nowMs - this.#startMs + day);
    const noticedMs = clock.nowMs + random.below(5_000);
    clock.at(noticedMs, () => this.#observe());
    clock.at(noticedMs + confirmMs, () => this.#observe());
  }

  /** What the system's clock shows. */
  get dateMs(): number {
    return this.clock.nowMs + this.#aheadMs;
  }

  get clock(): VirtualClock {
    return this.simulation.clock;
  }

  get scheduler(): Scheduler {
    return this.simulation.scheduler;
  }

  /** Over all effects in order: two runs with the same seed give the same. */
  get fingerprint(): number {
    return this.#fingerprint.value;
  }

  /** Calls the scheduler and performs what it wants done. */
  call(act: (scheduler: Scheduler) => void): void {
    act(this.scheduler);
    this.simulation.settle();
  }

  submit(message: LedgerMessage): void {
    this.ledger.add(message);
    // What is written down is a date; what is judged by is when it really came.
    this.#dates.set(message.number, this.dateMs);
    this.#hand(message, this.#steady.receivedMs(this.dateMs));
  }

  /** Nothing is granted for so long, as while outcomes cannot be stored. */
  pause(forMs: number): void {
    const { scheduler } = this;
    this.#isPaused = true;
    this.call(() => scheduler.pause('outcomes cannot be stored', this.clock.nowMs));
    this.clock.at(this.clock.nowMs + forMs, () => {
      // A new manager knows of no pause.
      if (this.scheduler !== scheduler) return;
      this.#isPaused = false;
      this.call(() => scheduler.pause(undefined, this.clock.nowMs));
    });
  }

  /** New limits at once. */
  reconfigure(config: SchedulerConfig): void {
    this.config = config;
    this.books.reconfigure(config);
    this.call((scheduler) => scheduler.reconfigure(config, this.clock.nowMs));
  }

  /** Kills manager and senders; a new manager starts from the journal. */
  crash(): void {
    const rates = this.scheduler.rates(this.clock.nowMs);
    // The manager writes down what it knows of the clock whenever that is set.
    this.#observe();
    this.#steady = this.#bootClock(this.#steady.stretches, this.#steady.run);
    this.#state = new State({ ...this.config, seed: this.simulation.random.below(1e9) });
    const scheduler = createScheduler(this.#state.config, this.clock.nowMs, this.#state);
    scheduler.restoreRates(rates);
    this.#isPaused = false;
    this.simulation.crash(scheduler);
    this.simulation.setDateShift(this.#steady.shiftMs);
    check(this.books.isEmpty, () => 'connections are left after a crash');
    this.ledger.crashed();
    this.#recovering = true;
    for (const message of this.ledger.messages) if (!message.done) this.#commit(message);
    this.#recovering = false;
  }

  /** Lets everything happen until `endMs`, or until nothing is left to happen. */
  run(endMs: number): void {
    this.simulation.run(endMs);
  }

  audit(): void {
    audit(this.#state);
    const { lifetimeMs, bounceLifetimeMs } = this.config;
    for (const message of this.ledger.messages) {
      const { done, held, nullSender, receivedAtMs, queueId, recipients } = message;
      if (done || held || 'releasedAtMs' in message) continue;
      const mostMs = (nullSender ? bounceLifetimeMs : lifetimeMs) + this.#repeatedMs;
      if (this.clock.nowMs <= receivedAtMs + mostMs) continue;
      const late = recipients.find(({ state }) => state === 'waiting');
      check(late === undefined, () => `${queueId} is still waiting after its lifetime`);
    }
  }

  /** Everything has ended well: nothing lost, nothing twice, nothing left. */
  finish(): void {
    this.ledger.finish();
    check(this.books.isEmpty && this.simulation.connections === 0, () => 'connections are left');
    // Forgetting takes turns; after some days of nothing nothing may be known any more.
    const laterMs = this.clock.nowMs + 30 * 86_400_000;
    for (let turn = 0; turn < 50; turn++) this.scheduler.tick(laterMs + turn * 60_000);
    auditEmpty(this.#state);
    check(this.scheduler.nextWakeMs() === Infinity, () => 'an empty scheduler wants to be woken');
  }

  /** As a new manager finds it in the spool: with dates. */
  #commit(message: LedgerMessage): void {
    const dateMs = this.#dates.get(message.number);
    check(dateMs !== undefined, () => `${message.queueId} has no date`);
    this.#hand(message, this.#steady.steadyOf(dateMs));
  }

  #hand(message: LedgerMessage, receivedAtMs: number): void {
    const waiting = message.recipients.filter(({ endedAtMs }) => endedAtMs < 0);
    this.simulation.submit({
      ...message,
      receivedAtMs,
      recipients: waiting.map((recipient) => ({
        ...recipient,
        nextAttemptAtMs:
          recipient.nextAttemptAtMs === 0 ? 0 : this.#steady.steadyOf(recipient.nextAttemptAtMs),
      })),
    });
    for (const { attempts, recipient } of waiting) this.#checkSchedule(message, recipient, attempts);
  }

  /** No date, however wrong, puts an attempt off for longer than the schedule does. */
  #checkSchedule(message: LedgerMessage, index: number, attempts: number): void {
    if (attempts === 0 || !this.#hasStepped) return;
    const { retryMs, retryJitter } = this.config;
    const mostMs = (retryMs[Math.min(attempts, retryMs.length) - 1] ?? 0) * (1 + retryJitter);
    for (const row of this.scheduler.recipients()) {
      if (row.queueId !== message.queueId || row.recipient !== index) continue;
      const dueMs = row.nextAttemptAtMs - this.#steady.shiftMs;
      check(
        dueMs <= this.clock.nowMs + mostMs + 1,
        () => `${row.queueId}/${index} waits beyond its schedule`,
      );
    }
  }

  /** A lifetime lasts as long as it says, whatever the clock shows. */
  #expired(number: number): void {
    const { nullSender, queueId, receivedAtMs } = this.ledger.message(number);
    const lifetimeMs = nullSender ? this.#leastLifetimeMs.bounce : this.#leastLifetimeMs.mail;
    check(this.clock.nowMs >= receivedAtMs + lifetimeMs, () => `${queueId} expired before its time`);
  }

  get #hasStepped(): boolean {
    return this.#aheadMs !== 0 || this.#steady.stretches.length > 1;
  }

  #observe(): void {
    this.#steady.observe();
    this.simulation.setDateShift(this.#steady.shiftMs);
  }

  #bootClock(stretches: readonly Stretch[], run?: ClockRun): SteadyClock {
    return new SteadyClock({
      stretches,
      run,
      monotonic: () => this.clock.nowMs,
      date: () => this.dateMs,
    });
  }

  #audited(): void {
    this.calls++;
    if (!this.#recovering && this.#auditEvery > 0 && this.calls % this.#auditEvery === 0) this.audit();
  }
}

/** Looks after every call, when everything else has been told. */
class Auditor extends Witness {
  readonly #look: () => void;
  readonly #mayGrant: () => void;
  readonly #expired: (number: number) => void;

  constructor(look: () => void, mayGrant: () => void, expired: (number: number) => void) {
    super();
    this.#look = look;
    this.#mayGrant = mayGrant;
    this.#expired = expired;
  }

  override granted(): void {
    this.#mayGrant();
  }

  override failed(number: number, effect: Extract<Effect, { kind: 'failed' }>): void {
    if (effect.expired) this.#expired(number);
  }

  override settled(): void {
    this.#look();
  }
}
