// A simulated mail system under judgement: the simulation that `sluice simulate` runs, a ledger that knows what became of
// every recipient, books that count every limit, and an audit of the scheduler's state after every few calls. Stops at
// the first rule that is broken; a seed replays everything.

import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { State } from '../../src/schedule/state.ts';
import type { Scheduler, SchedulerConfig } from '../../src/schedule/types.ts';
import { Simulation, type Network } from '../../src/simulate/simulation.ts';
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

  constructor({ seed, internet, config, startMs, auditEvery, judges }: WorldOptions) {
    this.config = config;
    this.books = new Books(config, this.ledger);
    this.#auditEvery = auditEvery;
    this.#state = new State(config);
    const attempts = new Attempts();
    const auditor = new Auditor(
      () => this.#audited(),
      () => check(!this.#isPaused, () => 'granted while grants are paused'),
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
    this.#commit(message);
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
    this.#state = new State({ ...this.config, seed: this.simulation.random.below(1e9) });
    const scheduler = createScheduler(this.#state.config, this.clock.nowMs, this.#state);
    scheduler.restoreRates(rates);
    this.#isPaused = false;
    this.simulation.crash(scheduler);
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
      if (this.clock.nowMs <= receivedAtMs + (nullSender ? bounceLifetimeMs : lifetimeMs)) continue;
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
    for (let turn = 0; turn < 50; turn += 1) this.scheduler.tick(laterMs + turn * 60_000);
    auditEmpty(this.#state);
    check(this.scheduler.nextWakeMs() === Infinity, () => 'an empty scheduler wants to be woken');
  }

  #commit(message: LedgerMessage): void {
    this.simulation.submit({
      ...message,
      recipients: message.recipients.filter(({ endedAtMs }) => endedAtMs < 0),
    });
  }

  #audited(): void {
    this.calls += 1;
    if (!this.#recovering && this.#auditEvery > 0 && this.calls % this.#auditEvery === 0) this.audit();
  }
}

/** Looks after every call, when everything else has been told. */
class Auditor extends Witness {
  readonly #look: () => void;
  readonly #mayGrant: () => void;

  constructor(look: () => void, mayGrant: () => void) {
    super();
    this.#look = look;
    this.#mayGrant = mayGrant;
  }

  override granted(): void {
    this.#mayGrant();
  }

  override settled(): void {
    this.#look();
  }
}
