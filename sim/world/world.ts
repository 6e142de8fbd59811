// A simulated mail system with its judges: the simulation that `sluice simulate` runs, a ledger of what became of every
// recipient, books that count every limit, and an audit of the scheduler's state after every few calls. Stops at the first
// broken rule; the seed repeats the run.

import { type ClockRun, confirmMs, SteadyClock } from '../../src/io/steady-clock.ts';
import type { Stretch } from '../../src/io/timeline.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { State } from '../../src/schedule/state.ts';
import type { Effect, Scheduler, SchedulerConfig } from '../../src/schedule/types.ts';
import { Simulation } from '../../src/simulate/simulation.ts';
import type { PipelineDepth } from '../../src/simulate/host.ts';
import type { Network } from '../../src/simulate/network.ts';
import type { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { Attempts } from './attempts.ts';
import { audit, auditEmpty } from './audit.ts';
import { Books } from './books.ts';
import { Fingerprint } from './fingerprint.ts';
import { retryDelayMs } from '../../src/values/retry.ts';
import { check, Ledger, type LedgerMessage } from './ledger.ts';
import { Panel } from './panel.ts';
import { valueFor } from './some-schedules.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly internet: Network;
  readonly config: SchedulerConfig;
  readonly startMs: number;
  /** The state is audited once in this many calls; 0: never. */
  readonly auditEvery: number;
  /** One transaction at a time on each connection where it is not given. */
  readonly depth?: PipelineDepth | undefined;
  /** Breaks the state of a scheduler on purpose, to see that the judges notice. */
  readonly sabotage?: ((state: State) => void) | undefined;
  /** More judges, made with the ledger that they judge by. */
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
  readonly #sabotage: (state: State) => void;
  readonly #fingerprint = new Fingerprint();
  readonly #auditEvery: number;
  #isPaused = false;
  /** True while a new manager reads the journal. */
  #recovering = false;
  readonly #startMs: number;
  /** The system's clock minus the time of the world. */
  #aheadMs = 0;
  /** Total length of the times that the clock has shown, or may have shown, twice. */
  #repeatedMs = 0;
  #steady: SteadyClock;
  /** The clock's date when each message came in, by the message's number. */
  readonly #dates = new Map<number, number>();

  constructor({ seed, internet, config, startMs, auditEvery, depth, judges, sabotage }: WorldOptions) {
    this.config = config;
    this.#sabotage = sabotage ?? (() => undefined);
    this.books = new Books(config, this.ledger);
    this.#auditEvery = auditEvery;
    this.#state = new State(config);
    this.#sabotage(this.#state);
    this.#startMs = startMs;
    const attempts = new Attempts();
    const auditor = new Auditor(
      () => this.#audited(),
      () => check(!this.#isPaused, () => 'granted while grants are paused'),
      (number, index) => this.#expired(number, index),
    );
    this.simulation = new Simulation({
      seed,
      startMs,
      network: attempts.watched(internet),
      timeouts,
      depth,
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

  /** Sets the system's clock. Sluice notices it up to 5 s later. */
  stepClock(byMs: number): void {
    const { clock, random } = this.simulation;
    this.#aheadMs += byMs;
    // These dates come again: which of two events was first can no longer be told from their dates.
    if (byMs < 0) this.#repeatedMs += Math.min(-byMs, clock.nowMs - this.#startMs + day);
    const noticedMs = clock.nowMs + random.below(5_000);
    clock.at(noticedMs, () => this.#observe());
    clock.at(noticedMs + confirmMs, () => this.#observe());
  }

  /** The date that the system's clock shows. */
  get dateMs(): number {
    return this.clock.nowMs + this.#aheadMs;
  }

  get clock(): VirtualClock {
    return this.simulation.clock;
  }

  get scheduler(): Scheduler {
    return this.simulation.scheduler;
  }

  /** A hash over all effects in their order: two runs with the same seed have the same one. */
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
    // The spool stores the clock's date; the judges compare with the time of the world.
    this.#dates.set(message.number, this.dateMs);
    this.#hand(message, this.#steady.receivedMs(this.dateMs));
  }

  /** Pauses all grants for a time, as while outcomes cannot be stored. */
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

  /** Sets a new configuration, as a reload does. */
  reconfigure(config: SchedulerConfig): void {
    this.config = config;
    this.books.reconfigure(config);
    this.call((scheduler) => scheduler.reconfigure(config, this.clock.nowMs));
  }

  /** Kills manager and senders; a new manager starts from the journal. */
  crash(): void {
    const rates = this.scheduler.rates(this.clock.nowMs);
    // The manager stores its stretches of the clock whenever the clock is set.
    this.#observe();
    this.#steady = this.#bootClock(this.#steady.stretches, this.#steady.run);
    this.#state = new State({ ...this.config, seed: this.simulation.random.below(1e9) });
    this.#sabotage(this.#state);
    const scheduler = createScheduler(this.#state.config, this.clock.nowMs, this.#state);
    scheduler.restoreRates(rates);
    this.#isPaused = false;
    this.simulation.crash(scheduler);
    this.books.endVisits();
    this.simulation.setDateShift(this.#steady.shiftMs);
    check(this.books.isEmpty, () => 'connections are left after a crash');
    this.ledger.crashed();
    this.#recovering = true;
    for (const message of this.ledger.messages) if (!message.done) this.#commit(message);
    this.#recovering = false;
  }

  /** Runs the simulation until `endMs`, or until no event is left. */
  run(endMs: number): void {
    this.simulation.run(endMs);
  }

  /** Checks the scheduler's state, and that no recipient waits longer than its lifetime. */
  audit(): void {
    audit(this.#state);
    for (const message of this.ledger.messages) {
      const { done, held, receivedAtMs, queueId, recipients } = message;
      if (done || held || 'releasedAtMs' in message) continue;
      const ageMs = this.clock.nowMs - receivedAtMs - this.#repeatedMs;
      const late = recipients.find(
        ({ domain, state }) => state === 'waiting' && ageMs > lifetimeOf(this.config, message, domain),
      );
      check(late === undefined, () => `${queueId} is still waiting after its lifetime`);
    }
  }

  /** Checks at the end that nothing was lost, nothing delivered twice without an excuse, and no state is left. */
  finish(): void {
    this.ledger.finish();
    check(this.books.isEmpty && this.simulation.connections === 0, () => 'connections are left');
    // The scheduler forgets a part of its old state with each tick; after 30 days without mail all of it must be gone.
    const laterMs = this.clock.nowMs + 30 * day;
    for (let turn = 0; turn < 50; turn++) this.scheduler.tick(laterMs + turn * 60_000);
    auditEmpty(this.#state);
    const hasWindows = this.config.schedules?.some(({ hours }) => typeof hours === 'object') === true;
    const isAsleep = hasWindows || this.scheduler.nextWakeMs() === Infinity;
    check(isAsleep, () => 'an empty scheduler wants to be woken');
  }

  /** Submits a message as a new manager finds it in the spool, which stores dates. */
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

  /** Checks that no wrong date delays an attempt for longer than the retry schedule does. */
  #checkSchedule(message: LedgerMessage, index: number, attempts: number): void {
    if (attempts === 0 || !this.#hasStepped) return;
    const { retryMs, retryJitter, schedules = [] } = this.config;
    const { domain } = this.ledger.recipient(message.number, index);
    const retry = valueFor(schedules, 'retry', domain, message.tenant) ?? retryMs;
    const ageMs = this.clock.nowMs - message.receivedAtMs + this.#repeatedMs;
    const mostMs = retryDelayMs(retry, attempts, ageMs) * (1 + retryJitter);
    for (const row of this.scheduler.recipients()) {
      if (row.queueId !== message.queueId || row.recipient !== index) continue;
      const dueMs = row.nextAttemptAtMs - this.#steady.shiftMs;
      check(
        dueMs <= this.clock.nowMs + mostMs + 1,
        () => `${row.queueId}/${index} waits beyond its schedule`,
      );
    }
  }

  /** Checks that no message expires before its lifetime is over, whatever the clock shows. */
  #expired(number: number, index: number): void {
    const message = this.ledger.message(number);
    const { queueId, receivedAtMs } = message;
    const lifetimeMs = lifetimeOf(this.config, message, this.ledger.recipient(number, index).domain);
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

/** How long mail to a domain is kept, by the configuration and its schedules. */
function lifetimeOf(config: SchedulerConfig, { nullSender, tenant }: LedgerMessage, domain: string): number {
  const key = nullSender ? 'bounceLifetimeMs' : 'lifetimeMs';
  return valueFor(config.schedules ?? [], key, domain, tenant) ?? config[key];
}

/** Audits after every call. Last in the panel, so that the other judges have seen the call. */
class Auditor extends Witness {
  readonly #look: () => void;
  readonly #mayGrant: () => void;
  readonly #expired: (number: number, index: number) => void;

  constructor(look: () => void, mayGrant: () => void, expired: (number: number, index: number) => void) {
    super();
    this.#look = look;
    this.#mayGrant = mayGrant;
    this.#expired = expired;
  }

  override granted(): void {
    this.#mayGrant();
  }

  override failed(number: number, effect: Extract<Effect, { kind: 'failed' }>): void {
    if (effect.expired) this.#expired(number, effect.recipient);
  }

  override settled(): void {
    this.#look();
  }
}
