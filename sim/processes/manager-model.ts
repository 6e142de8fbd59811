// A manager in simulation: the real scheduler and the real `Senders`, with a list as its spool. It treats reports of senders,
// and deliveries that an earlier manager did not learn of, as `src/manager` does.

import type { Delivered } from '../../src/deliver/delivered-lately.ts';
import type { Work } from '../../src/deliver/types.ts';
import type { Channel } from '../../src/channel/channel.ts';
import { localFault } from '../../src/message/refusal.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import { Senders } from '../../src/manager/senders.ts';
import type { ManagerToSender, SenderToManager } from '../../src/channel/messages.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { drive, type EffectHandlers } from '../../src/schedule/drive.ts';
import type {
  ConnectionHandle,
  RecipientResult,
  Scheduler,
  SchedulerConfig,
  Transaction,
} from '../../src/schedule/types.ts';
import { VirtualTimers } from '../virtual-timers.ts';
import { check } from '../world/ledger.ts';
import { Actor } from './actor.ts';
import type { Surroundings } from './surroundings.ts';
import type { SomeLimits } from './outside.ts';

/** Ms between an outcome and its write to the journal. */
const journalMs = 10;

export class ManagerModel {
  readonly actor: Actor;
  isUp = false;
  readonly #surroundings: Surroundings;
  readonly #earlierSenders: readonly number[];
  /** Serials of senders that ended while this manager was starting. */
  readonly #endedDuringStart: number[] = [];
  readonly #known = new Set<string>();
  readonly #flights = new Map<number, { readonly queueId: string; readonly transaction: Transaction }>();
  #parts: { readonly scheduler: Scheduler; readonly senders: Senders } | undefined;
  #wakeAtMs = Infinity;

  /** @param earlierSenders - serials of senders that live when this manager starts */
  constructor(surroundings: Surroundings, earlierSenders: readonly number[]) {
    this.#surroundings = surroundings;
    this.#earlierSenders = earlierSenders;
    this.actor = new Actor(surroundings.clock);
    const startMs = surroundings.random.next() < 0.1 ? 8_000 : 100 + surroundings.random.below(500);
    this.actor.after(startMs, () => this.#start());
  }

  get connections(): number {
    return this.#parts?.scheduler.counts().connections ?? 0;
  }

  accept(link: Channel<ManagerToSender, SenderToManager>): void {
    link.receive((batch) => {
      for (const message of batch) {
        if (message.kind !== 'hello') {
          this.#reported(message);
          continue;
        }
        this.#parts?.senders.hasClosed(message.serial);
        this.#removeDelivered(message.delivered ?? []);
        this.#parts?.senders.add(link, message.serial);
      }
      this.#drain();
    });
  }

  submitted(queueId: string): void {
    if (this.isUp) this.#admit(queueId);
  }

  senderEnded(serial: number): void {
    if (this.#parts === undefined) this.#endedDuringStart.push(serial);
    this.#parts?.senders.ended(serial);
    this.#drain();
  }

  configure(config: SchedulerConfig, limits: SomeLimits, perProcess: number): void {
    if (this.#parts !== undefined)
      this.#surroundings.outside.setLimits(limits, this.#surroundings.clock.nowMs);
    this.#parts?.senders.configure(perProcess);
    this.#parts?.scheduler.reconfigure(config, this.#surroundings.clock.nowMs);
    this.#drain();
  }

  #start(): void {
    const { clock, config, limits, outside, perProcess } = this.#surroundings;
    outside.setLimits(limits, clock.nowMs);
    const scheduler = createScheduler(config, clock.nowMs);
    const senders = new Senders({
      perProcess,
      before: this.#earlierSenders,
      timers: new VirtualTimers(clock),
      lost: (connection) => this.#lost(connection),
      carry: (connections) => {
        scheduler.carry(connections, clock.nowMs);
        this.#drain();
      },
      awaits: (serials) => this.#surroundings.managerAwaits(serials),
    });
    this.#parts = { scheduler, senders };
    for (const serial of this.#endedDuringStart) senders.ended(serial);
    for (const queueId of this.#surroundings.waiting()) this.#admit(queueId);
    this.isUp = true;
  }

  #admit(queueId: string): void {
    const { clock } = this.#surroundings;
    if (this.#known.has(queueId) || this.#parts === undefined) return;
    this.#known.add(queueId);
    const { scheduler } = this.#parts;
    const domain = this.#surroundings.domainOf(queueId);
    const message = scheduler.begin({
      queueId,
      receivedAtMs: clock.nowMs,
      nullSender: false,
      held: false,
    });
    const route = `mx:${domain}`;
    scheduler.add(message, { recipient: 0, route, domain, attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' });
    scheduler.commit(message, clock.nowMs);
    this.#drain();
  }

  /** Removes recipients that a sender delivered without this manager's knowledge. */
  #removeDelivered(delivered: readonly Delivered[]): void {
    for (const { queueId, recipients } of delivered) {
      const message = this.#parts?.scheduler.find(queueId);
      if (message === undefined) continue;
      if ((this.#parts?.scheduler.remove(message, recipients) ?? []).length > 0) this.#journal(queueId);
    }
  }

  #reported(report: SenderToManager): void {
    switch (report.kind) {
      case 'ready':
        this.#parts?.scheduler.connectionReady(
          report.connection as ConnectionHandle,
          this.#surroundings.clock.nowMs,
        );
        break;
      case 'done':
        this.#done(report.connection, report.results, report.reusable);
        break;
      case 'closed':
        this.#closed(report.connection, report.report.kind === 'failed' ? report.report : { kind: 'closed' });
        break;
      case 'hello':
        break;
    }
  }

  #done(connection: number, results: readonly RecipientResult[], reusable: boolean): void {
    if (!this.#flights.delete(connection)) return;
    const { nowMs } = this.#surroundings.clock;
    this.#parts?.scheduler.transactionDone(connection as ConnectionHandle, results, reusable, nowMs);
    this.#drain();
  }

  #closed(connection: number, end: Parameters<Scheduler['connectionClosed']>[1]): void {
    this.#parts?.senders.closed(connection);
    this.#flights.delete(connection);
    this.#parts?.scheduler.connectionClosed(
      connection as ConnectionHandle,
      end,
      this.#surroundings.clock.nowMs,
    );
    this.#drain();
  }

  #lost(connection: number): void {
    const flight = this.#flights.get(connection);
    if (flight !== undefined) {
      const refusal = localFault('queue', 'lost');
      const results = flight.transaction.recipients.map(
        (recipient) => ({ recipient, result: 'refused', refusal }) as const,
      );
      this.#done(connection, results, false);
    }
    this.#closed(connection, { kind: 'closed' });
  }

  #drain(): void {
    if (this.#parts === undefined) return;
    drive(this.#parts.scheduler, this.#handlers);
    this.#armTimer();
  }

  readonly #handlers: EffectHandlers = {
    connect: ({ connection, site, ip, port, host, transaction }) => {
      const { senders } = this.#parts!;
      check(senders.count > 0, () => 'a connection is granted while no sender is running');
      const work = this.#work(connection, transaction);
      senders.connect({ connection, site, ip, port, host, source: '', work });
    },
    transact: ({ connection, transaction }) =>
      this.#parts!.senders.transact(connection, this.#work(connection, transaction)),
    close: ({ connection }) => this.#parts!.senders.close(connection),
    resolve: ({ route, key }) => {
      const { nowMs } = this.#surroundings.clock;
      const plan = { ...this.#surroundings.planOf(key), validUntilMs: nowMs + 3_600_000 };
      this.#parts!.scheduler.routeResolved(route, plan, nowMs);
    },
    delivered: ({ message }) => this.#journal(this.#parts!.scheduler.queueIdOf(message)),
    failed: ({ refusal }) => check(false, () => `a message failed: ${refusalText(refusal)}`),
    deferred: () => undefined,
    done: () => undefined,
  };

  #work(connection: number, transaction: Transaction): Work {
    const queueId = this.#parts!.scheduler.queueIdOf(transaction.message);
    this.#flights.set(connection, { queueId, transaction });
    const ref = { segment: 0, offset: 0, length: 0 };
    return this.#surroundings.granted({ queueId, ref, recipients: transaction.recipients, fresh: true });
  }

  #journal(queueId: string): void {
    this.actor.after(journalMs, () => this.#surroundings.journal(queueId));
  }

  /** Sets the timer for the scheduler's next tick. */
  #armTimer(): void {
    const next = this.#parts!.scheduler.nextWakeMs();
    if (next >= this.#wakeAtMs) return;
    this.#wakeAtMs = next;
    this.actor.after(Math.max(0, next - this.#surroundings.clock.nowMs), () => {
      if (this.#wakeAtMs !== next) return;
      this.#wakeAtMs = Infinity;
      this.#parts?.scheduler.tick(this.#surroundings.clock.nowMs);
      this.#drain();
    });
  }
}
