// A whole simulated mail system around the real scheduler: this file plays the manager and the senders, on virtual time,
// against simulated destinations, and stops at the first rule that is broken. A seed replays everything.

import { Dimension, dimensionNames } from '../../src/schedule/counters.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { Random } from '../../src/schedule/random.ts';
import { State } from '../../src/schedule/state.ts';
import type {
  ConnectionEnd,
  ConnectionHandle,
  Effect,
  Scheduler,
  SchedulerConfig,
} from '../../src/schedule/types.ts';
import { audit, auditEmpty } from './audit.ts';
import { Books } from './books.ts';
import type { Destination } from './destination.ts';
import type { Internet } from './internet.ts';
import { check, Ledger, type LedgerMessage } from './ledger.ts';
import { VirtualClock } from './virtual-clock.ts';

interface Connection {
  readonly handle: ConnectionHandle;
  readonly site: string;
  readonly ip: string;
  readonly destination: Destination;
  domains: ReadonlySet<string>;
  /** Goes up with every transaction, so that an idle time can be told from the next one. */
  turn: number;
  first: boolean;
}

export interface WorldOptions {
  readonly seed: number;
  readonly internet: Internet;
  readonly config: SchedulerConfig;
  readonly startMs: number;
  /** The state is looked through after every so many calls; 0: never. */
  readonly auditEvery: number;
}

export class World {
  readonly clock: VirtualClock;
  readonly ledger = new Ledger();
  readonly internet: Internet;
  readonly random: Random;
  config: SchedulerConfig;
  books = new Books();
  /** Over all effects in order: two runs with the same seed give the same. */
  fingerprint = 0;
  calls = 0;
  scheduler: Scheduler;
  #state: State;
  #connections = new Map<ConnectionHandle, Connection>();
  /** Goes up with every crash: what was on its way before is lost. */
  #epoch = 0;
  #wakeAtMs = Infinity;
  /** A new manager has not read the whole journal yet. */
  #recovering = false;
  readonly #auditEvery: number;

  constructor({ seed, internet, config, startMs, auditEvery }: WorldOptions) {
    this.internet = internet;
    this.config = config;
    this.clock = new VirtualClock(startMs);
    this.random = new Random(seed ^ 0x5eed);
    this.#auditEvery = auditEvery;
    this.#state = new State(config);
    this.scheduler = createScheduler(config, startMs, this.#state);
  }

  /** Calls the scheduler and performs what it wants done. */
  call(act: (scheduler: Scheduler) => void): void {
    act(this.scheduler);
    this.#perform();
    this.calls += 1;
    if (!this.#recovering && this.#auditEvery > 0 && this.calls % this.#auditEvery === 0) this.audit();
    const wakeMs = this.scheduler.nextWakeMs();
    if (wakeMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = wakeMs;
    this.#later(wakeMs - this.clock.nowMs, () => {
      if (this.#wakeAtMs !== wakeMs) return;
      this.#wakeAtMs = Infinity;
      this.call((scheduler) => scheduler.tick(this.clock.nowMs));
      check(this.scheduler.nextWakeMs() > this.clock.nowMs, () => 'a tick leaves something undone');
    });
  }

  submit(message: LedgerMessage): void {
    this.ledger.messages.set(message.queueId, message);
    this.#commit(message);
  }

  /** Kills manager and senders; a new manager starts from the journal. */
  crash(): void {
    this.#epoch += 1;
    for (const connection of this.#connections.values()) {
      connection.destination.disconnect();
      this.books.use(connection.domains, new Set(), this.config.limits);
      this.books.close(connection.site, connection.ip);
    }
    check(this.books.isEmpty, () => 'connections are left after a crash');
    this.#connections.clear();
    this.#wakeAtMs = Infinity;
    this.ledger.crashed();
    this.#state = new State({ ...this.config, seed: this.random.below(1e9) });
    this.scheduler = createScheduler(this.config, this.clock.nowMs, this.#state);
    this.#recovering = true;
    for (const message of this.ledger.messages.values()) if (!message.done) this.#commit(message);
    this.#recovering = false;
  }

  /** Lets everything happen until `endMs`, or until nothing is left to happen. */
  run(endMs: number): void {
    while (this.clock.step(endMs));
  }

  audit(): void {
    audit(this.#state);
    this.#compareBooks();
    const { lifetimeMs, bounceLifetimeMs } = this.config;
    for (const {
      done,
      held,
      nullSender,
      receivedAtMs,
      queueId,
      recipients,
      ...rest
    } of this.ledger.messages.values()) {
      if (done || held || this.clock.nowMs <= receivedAtMs + (nullSender ? bounceLifetimeMs : lifetimeMs))
        continue;
      if ('releasedAtMs' in rest) continue;
      const late = recipients.find(({ state }) => state === 'waiting');
      check(late === undefined, () => `${queueId} is still waiting after its lifetime`);
    }
  }

  /** Everything has ended well: nothing lost, nothing twice, nothing left. */
  finish(): void {
    for (const { queueId, done, recipients } of this.ledger.messages.values()) {
      check(done, () => `${queueId} is not done`);
      for (const [index, { state, taken, excuses }] of recipients.entries()) {
        const least = state === 'delivered' ? 1 : 0;
        check(
          taken >= least && taken <= least + excuses,
          () => `${queueId}/${index} ${state}, taken ${taken} times`,
        );
      }
    }
    check(this.books.isEmpty && this.#connections.size === 0, () => 'connections are left');
    // Forgetting takes turns; after some days of nothing nothing may be known any more.
    const laterMs = this.clock.nowMs + 30 * 86_400_000;
    for (let turn = 0; turn < 50; turn += 1) this.scheduler.tick(laterMs + turn * 60_000);
    auditEmpty(this.#state);
    check(this.scheduler.nextWakeMs() === Infinity, () => 'an empty scheduler wants to be woken');
  }

  #commit(message: LedgerMessage): void {
    const { queueId, receivedAtMs, nullSender, held } = message;
    this.call((scheduler) => {
      const handle = scheduler.begin({ queueId, receivedAtMs, nullSender, held });
      for (const recipient of message.recipients)
        if (recipient.endedAtMs < 0) scheduler.add(handle, recipient);
      scheduler.commit(handle, this.clock.nowMs);
    });
  }

  /** The scheduler's counters and what the outside sees are the same, between two calls. */
  #compareBooks(): void {
    const { counters } = this.#state;
    for (const dimension of [Dimension.domain, Dimension.site, Dimension.ip]) {
      counters.eachOf(dimension, (counter) => {
        const key = `${dimensionNames[dimension]} ${counters.keyOf(counter)}`;
        const [used, seen] = [counters.used.get(counter), this.books.count(key)];
        check(used === seen, () => `${key}: ${used} slots used, ${seen} connections seen`);
      });
    }
  }

  #later(delayMs: number, act: () => void): void {
    const epoch = this.#epoch;
    this.clock.after(delayMs, () => {
      if (epoch === this.#epoch) act();
    });
  }

  #perform(): void {
    const { effects } = this.scheduler;
    for (const effect of effects) this.#performOne(effect);
    effects.length = 0;
  }

  #performOne(effect: Effect): void {
    this.#note(effect);
    const { ledger, scheduler } = this;
    const { nowMs } = this.clock;
    switch (effect.kind) {
      case 'resolve': {
        const domain = effect.route.slice(effect.route.indexOf(':') + 1);
        this.#later(this.random.below(this.random.next() < 0.1 ? 5_000 : 50), () => {
          const plan = this.internet.lookUp(domain, this.clock.nowMs);
          this.call((current) => current.routeResolved(effect.route, plan, this.clock.nowMs));
        });
        break;
      }
      case 'connect':
        this.#connect(effect);
        break;
      case 'transact': {
        const connection = this.#connections.get(effect.connection);
        check(connection !== undefined, () => 'a transaction for a connection that is not open');
        this.#grant(connection, effect.transaction);
        if (this.random.next() < connection.destination.personality.dropsIdle * 0.2) {
          // It closed while the grant was on its way; nothing was tried.
          this.#later(1, () => {
            this.#unsend(effect.transaction);
            this.#close(connection, { kind: 'closed' });
          });
        } else {
          this.#later(connection.destination.delayMs(), () => this.#transact(connection, effect.transaction));
        }
        break;
      }
      case 'close': {
        const connection = this.#connections.get(effect.connection);
        check(connection !== undefined, () => 'a close for a connection that is not open');
        connection.turn += 1;
        this.#later(connection.destination.delayMs(), () => this.#close(connection, { kind: 'closed' }));
        break;
      }
      case 'deferred': {
        const { attempts, nextAttemptAtMs, error } = effect;
        check(nextAttemptAtMs > nowMs, () => 'the next attempt is not later');
        const queueId = scheduler.queueIdOf(effect.message);
        ledger.deferred(queueId, effect.recipient, { attempts, nextAttemptAtMs, lastError: error });
        break;
      }
      case 'delivered':
        ledger.ended(scheduler.queueIdOf(effect.message), effect.recipient, 'delivered', nowMs);
        break;
      case 'failed': {
        const queueId = scheduler.queueIdOf(effect.message);
        check(effect.error !== '', () => `${queueId}/${effect.recipient} failed without a reason`);
        if (effect.expired) this.#checkExpired(ledger.messages.get(queueId)!);
        ledger.ended(queueId, effect.recipient, 'failed', nowMs);
        break;
      }
      case 'done':
        ledger.done(scheduler.queueIdOf(effect.message));
        break;
    }
  }

  #checkExpired({ nullSender, queueId, receivedAtMs }: LedgerMessage): void {
    const { lifetimeMs, bounceLifetimeMs } = this.config;
    const expiresAtMs = receivedAtMs + (nullSender ? bounceLifetimeMs : lifetimeMs);
    check(this.clock.nowMs >= expiresAtMs, () => `${queueId} expired before its time`);
  }

  #connect(effect: Extract<Effect, { kind: 'connect' }>): void {
    const { site, ip } = effect;
    const destination = this.internet.destinations.get(ip)!;
    check(!this.#connections.has(effect.connection), () => 'a handle that is in use');
    const connection: Connection = {
      handle: effect.connection,
      site,
      ip,
      destination,
      domains: new Set(),
      turn: 0,
      first: true,
    };
    this.#connections.set(effect.connection, connection);
    this.books.open(site, ip, this.config.limits);
    this.#grant(connection, effect.transaction);
    const refusal = destination.connect(this.clock.nowMs);
    this.#later(refusal === 'connection timed out' ? 30_000 : destination.delayMs(), () => {
      if (refusal !== '') {
        this.#unsend(effect.transaction);
        this.#close(connection, { kind: 'failed', error: refusal });
        return;
      }
      this.call((scheduler) => scheduler.connectionReady(connection.handle, this.clock.nowMs));
      this.#later(destination.delayMs(), () => this.#transact(connection, effect.transaction));
    });
  }

  #grant(
    connection: Connection,
    {
      message,
      recipients,
    }:
      | { message: never; recipients: readonly number[] }
      | Extract<Effect, { kind: 'connect' }>['transaction'],
  ): void {
    const queueId = this.scheduler.queueIdOf(message);
    check(
      recipients.length <= this.config.recipientsPerTransaction,
      () => 'too many recipients in a transaction',
    );
    check(!this.ledger.messages.get(queueId)!.held, () => `${queueId} is granted while it is held`);
    const domains = new Set(recipients.map((index) => this.ledger.granted(queueId, index).domain));
    this.books.use(connection.domains, domains, this.config.limits);
    connection.domains = domains;
    connection.turn += 1;
  }

  /** The transaction was never tried. */
  #unsend({ message, recipients }: Extract<Effect, { kind: 'connect' }>['transaction']): void {
    const queueId = this.scheduler.queueIdOf(message);
    for (const index of recipients) this.ledger.recipient(queueId, index).state = 'waiting';
  }

  #transact(connection: Connection, transaction: Extract<Effect, { kind: 'connect' }>['transaction']): void {
    const { destination } = connection;
    if (connection.first && this.random.next() < destination.personality.dropsReady) {
      this.#unsend(transaction);
      this.#close(connection, { kind: 'closed' });
      return;
    }
    connection.first = false;
    const queueId = this.scheduler.queueIdOf(transaction.message);
    const verdict = destination.transact(
      transaction.recipients,
      (recipient) => `${queueId}/${recipient}`,
      this.clock.nowMs,
    );
    for (const index of verdict.taken) {
      const recipient = this.ledger.recipient(queueId, index);
      recipient.taken += 1;
      if (verdict.hangsUp) recipient.excuses += 1;
    }
    const { turn } = connection;
    this.call((scheduler) =>
      scheduler.transactionDone(connection.handle, verdict.results, !verdict.hangsUp, this.clock.nowMs),
    );
    if (verdict.hangsUp) {
      this.#later(1, () => this.#close(connection, { kind: 'closed' }));
    } else if (connection.turn === turn && this.random.next() < destination.personality.dropsIdle) {
      this.#later(this.random.below(4_000), () => {
        if (connection.turn === turn) this.#close(connection, { kind: 'closed' });
      });
    }
  }

  #close(connection: Connection, end: ConnectionEnd): void {
    connection.destination.disconnect();
    connection.turn += 1;
    this.#connections.delete(connection.handle);
    this.books.use(connection.domains, new Set(), this.config.limits);
    this.books.close(connection.site, connection.ip);
    this.call((scheduler) => scheduler.connectionClosed(connection.handle, end, this.clock.nowMs));
  }

  #note(effect: Effect): void {
    const text = JSON.stringify(effect);
    let hash = this.fingerprint ^ this.clock.nowMs;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    this.fingerprint = hash;
  }
}
