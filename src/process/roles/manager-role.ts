// The manager: recovery, scheduler, routing and DNS, journal, bounces. The others link to it.

import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { bootIdHere, bootMs } from '../../io/boot-clock.ts';
import type { Logger } from '../../log/logger.ts';
import { createScheduler } from '../../schedule/create-scheduler.ts';
import { openSpoolReader, openSpoolStore, openSpoolWriter } from '../../spool/open.ts';
import type { SpoolReader, SpoolStore, SpoolWriter } from '../../spool/types.ts';
import { MemoryStats } from '../../stats/stats.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Channel } from '../../channel/channel.ts';
import type {
  ControlToManager,
  Hello,
  ManagerToSender,
  ReceiverToManager,
  Response,
  RoleFacts,
  SenderToManager,
  Submitted,
} from '../../channel/messages.ts';
import { Bouncer } from '../../manager/bouncer.ts';
import { ClockWatch } from '../../manager/clock-watch.ts';
import { Manager } from '../../manager/manager.ts';
import { LinkedRoles } from '../../manager/linked-roles.ts';
import { Operations } from '../../manager/operations.ts';
import { OutcomeWatch } from '../../manager/outcome-watch.ts';
import { OverdueWatch } from '../../manager/overdue-watch.ts';
import { NameServers } from '../../manager/name-servers.ts';
import { Overrides } from '../../manager/overrides.ts';
import { RateState } from '../../manager/rate-state.ts';
import { resolverOf, routerOf } from '../../manager/routing.ts';
import { ownSerial, Senders } from '../../manager/senders.ts';
import { Shaping } from '../../manager/shaping.ts';
import { SpoolProblems } from '../../manager/spool-problems.ts';
import { OutcomesError } from '../outcomes-error.ts';
import type { Role } from '../role.ts';
import { bounceSettings } from '../../settings/settings.ts';
import { SourceWatch } from '../../manager/source-watch.ts';
import { capacityHere } from '../../settings/system-facts.ts';
import { managerSlots } from './slots.ts';

/** How often segments are looked at: stragglers moved, dead ones unlinked, the journal compacted. */
const maintenanceMs = 5_000;

/** Sender processes that live when a manager starts; see `SendersOptions`. */
export interface OtherSenders {
  readonly senders: readonly number[];
  readonly awaits: (serials: readonly number[]) => void;
}

const noOthers: OtherSenders = { senders: [], awaits: () => undefined };

interface Parts {
  readonly facts: RoleFacts;
  readonly manager: Manager;
  readonly senders: Senders;
  readonly bouncer: Bouncer;
  readonly store: SpoolStore;
  readonly writer: SpoolWriter;
  readonly reader: SpoolReader;
  readonly resolver: Resolver;
  readonly nameServers: NameServers;
  readonly operations: Operations;
  readonly linked: LinkedRoles;
  readonly sourceWatch: SourceWatch;
  readonly shaping: Shaping;
  readonly rates: RateState;
  readonly clockWatch: ClockWatch;
  readonly overdueWatch: OverdueWatch;
  readonly log: Logger;
  readonly troubles: Troubles;
}

export class ManagerRole implements Role {
  readonly facts: RoleFacts;
  readonly #parts: Parts;
  #resolver: Resolver;
  #maintaining = true;
  #draining = false;
  #maintenance: NodeJS.Timeout | undefined;

  private constructor(parts: Parts) {
    this.facts = parts.facts;
    this.#parts = parts;
    this.#resolver = parts.resolver;
    parts.shaping.onChanged((limits) => {
      parts.manager.change([], (nowMs) => parts.manager.scheduler.reconfigure(limits, nowMs));
    });
    parts.clockWatch.watch();
    parts.overdueWatch.start();
    this.#maintainLater();
  }

  /** Recovers the queue and begins to schedule. @throws {SpoolError} when the spool cannot be opened. */
  static async start(
    config: Config,
    log: Logger,
    troubles: Troubles,
    others: OtherSenders = noOthers,
  ): Promise<ManagerRole> {
    let manager: Manager | undefined;
    const problems = new SpoolProblems(log, troubles);
    const outcomes = new OutcomeWatch(log, troubles);
    const store = await openSpoolStore({
      onProblem: (problem) => problems.report(problem),
      onBlocked: (reason) => outcomes.blocked(reason),
      onDamaged: (queueIds) => manager?.foundDamaged(queueIds),
      onStray: (message) => manager?.found(message),
      directory: config.spool,
      slot: managerSlots.longLived,
      journalSyncMs: config.queue.journalSync,
      segmentBytes: config.queue.segmentSize,
      relocateAfterMs: config.queue.relocateAfter,
    });
    const reader = openSpoolReader({ directory: config.spool });
    const writer = await openSpoolWriter({
      directory: config.spool,
      slot: managerSlots.bounces,
      segmentBytes: config.queue.segmentSize,
      // Bounces may eat into the reserve: they are what empties the queue.
      reserveBytes: 0,
      largeMessageBytes: config.receive.largeMessage,
      sync: config.queue.sync,
    });
    const clockWatch = await ClockWatch.open({
      path: join(config.spool, 'clock.json'),
      log,
      troubles,
      boot: await bootIdHere(),
      monotonic: bootMs,
    });
    const { clock } = clockWatch;
    const resolver = resolverOf(config, clock.nowMs);
    const router = routerOf(config, resolver, clock.nowMs);
    const shaping = new Shaping(
      await Overrides.open(
        join(config.spool, 'overrides.json'),
        log,
        clock.dateMs,
        clockWatch.endsMs,
        troubles,
      ),
      config,
      router,
    );
    const scheduler = createScheduler(shaping.inForce, clock.nowMs());
    clockWatch.onShift((shiftMs) => {
      scheduler.setDateShift(shiftMs);
      shaping.datesChanged();
    });
    const rates = new RateState(join(config.spool, 'rates.json'), scheduler, log, clock.nowMs);
    await rates.restore();
    const stats = new MemoryStats();
    const started = new Manager({ store, reader, scheduler, router, log, stats, clock, troubles });
    const { perSender } = capacityHere(config);
    const senders = new Senders({
      perProcess: perSender,
      before: others.senders,
      lost: (connection) => started.connectionLost(connection),
      carry: (connections) => started.change([], (nowMs) => scheduler.carry(connections, nowMs)),
      awaits: others.awaits,
    });
    const submit = (message: Submitted) => started.submitted([message]);
    const bouncer = new Bouncer({
      settings: bounceSettings(config),
      reader,
      writer,
      log,
      stats,
      submit,
      troubles,
    });
    started.connect(senders, bouncer);
    const nameServers = new NameServers({
      log,
      troubles,
      changed: (isOutage) => started.dnsOutage(isOutage),
    });
    nameServers.use(resolver);
    outcomes.connect((reason) => started.pause(reason));
    const sourceWatch = new SourceWatch(config, {
      log,
      troubles,
      changed: (isLacking) => started.sourcesLack(isLacking),
    });
    await sourceWatch.look();
    const recovered = await started.recover();
    manager = started;
    const limits = shaping.operations(scheduler, clock);
    const linked = new LinkedRoles();
    const operations = new Operations({
      manager: started,
      store,
      senders,
      limits,
      shortages: () => shaping.shortages,
      confirmClock: () => clockWatch.confirm(),
      missing: () => linked.missing,
      stats,
      log,
    });
    const facts = { recovered };
    return new ManagerRole({
      facts,
      manager: started,
      senders,
      bouncer,
      store,
      writer,
      reader,
      resolver,
      nameServers,
      operations,
      linked,
      sourceWatch,
      shaping,
      rates,
      clockWatch,
      overdueWatch: new OverdueWatch({ scheduler, troubles, nowMs: clock.nowMs }),
      log,
      troubles,
    });
  }

  addReceiver(channel: Channel<never, ReceiverToManager>): void {
    this.#parts.linked.add('receiver', channel);
    channel.receive((batch) => this.#submitted(batch));
  }

  /** @param serial - of its process; none when it shares that of the manager */
  addSender(channel: Channel<ManagerToSender, SenderToManager>, serial = ownSerial): void {
    this.#parts.linked.add('sender', channel);
    channel.receive((batch) => this.#reported(batch));
    this.#parts.senders.add(channel, serial);
  }

  /** A sender process has ended; so has every connection that it had. */
  senderEnded(serial: number): void {
    this.#parts.senders.ended(serial);
  }

  addControl(channel: Channel<Response, ControlToManager>): void {
    channel.receive((batch) => this.#requested(batch, channel));
  }

  /** A role of another process has said which one it is; the rest of its first batch comes along. */
  introduce(
    hello: Hello,
    channel: Channel<ManagerToSender | Response, ReceiverToManager | SenderToManager | ControlToManager>,
    rest: readonly (ReceiverToManager | SenderToManager | ControlToManager)[],
  ): void {
    switch (hello.role) {
      case 'receiver':
        this.addReceiver(channel as Channel<never, ReceiverToManager>);
        this.#submitted(rest as readonly ReceiverToManager[]);
        break;
      case 'sender':
        // In this order: what was in flight waits again when it is settled, and nothing is granted before.
        this.#parts.senders.hasClosed(hello.serial);
        this.#parts.manager.deliveredBefore(hello.delivered ?? []);
        this.addSender(channel as Channel<ManagerToSender, SenderToManager>, hello.serial);
        break;
      case 'control':
        this.addControl(channel as Channel<Response, ControlToManager>);
        this.#requested(rest as readonly ControlToManager[], channel as Channel<Response, ControlToManager>);
        break;
    }
  }

  configure(config: Config): void {
    const old = this.#resolver;
    const { nowMs } = this.#parts.clockWatch.clock;
    this.#resolver = resolverOf(config, nowMs);
    this.#parts.senders.configure(capacityHere(config).perSender);
    this.#parts.nameServers.use(this.#resolver);
    this.#parts.bouncer.reconfigure(bounceSettings(config));
    const router = routerOf(config, this.#resolver, nowMs);
    this.#parts.manager.reconfigure(this.#parts.shaping.configure(config, router), router);
    this.#parts.sourceWatch.configure(config);
    old.close();
  }

  drain(): void {
    this.#draining = true;
    this.#parts.senders.drain();
  }

  /**
   * Tries for `graceMs` to store the outcomes that are in memory.
   * @throws {OutcomesError} when some are not stored in the end
   */
  async stop(graceMs: number): Promise<void> {
    this.#maintaining = false;
    clearTimeout(this.#maintenance);
    this.#parts.overdueWatch.stop();
    this.#parts.sourceWatch.stop();
    // Results may still be on their way though the processes that sent them have ended.
    await this.#parts.senders.gone();
    const unstored = await this.#parts.manager.stop(graceMs);
    await this.#parts.shaping.close();
    await this.#parts.rates.close();
    await this.#parts.clockWatch.close();
    this.#resolver.close();
    await this.#parts.writer.close();
    try {
      await this.#parts.store.close();
    } catch (error) {
      if (unstored === 0) throw error;
    } finally {
      this.#parts.reader.close();
    }
    if (unstored > 0) throw new OutcomesError(unstored);
  }

  #submitted(batch: readonly ReceiverToManager[]): void {
    this.#parts.manager.submitted(batch.filter((message) => message.kind === 'submitted'));
    this.#parts.rates.touched();
  }

  #reported(batch: readonly SenderToManager[]): void {
    // What a stop has cut short before it began stays in the spool as it is: no attempt, no wait after the next start.
    this.#parts.manager.senderReports(this.#draining ? batch.filter((report) => !isUnused(report)) : batch);
    this.#parts.rates.touched();
  }

  #requested(batch: readonly ControlToManager[], channel: Channel<Response, ControlToManager>): void {
    for (const message of batch) {
      if (message.kind !== 'request') continue;
      this.#parts.operations.answer(message, (response) => channel.post(response));
    }
  }

  #maintainLater(): void {
    this.#maintenance = setTimeout(() => void this.#maintain(), maintenanceMs);
  }

  async #maintain(): Promise<void> {
    try {
      await this.#parts.store.maintain(this.#parts.clockWatch.clock.dateMs());
      this.#parts.manager.expireDamaged();
    } catch (error) {
      this.#parts.log.error(
        `tidying the spool failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    if (this.#maintaining) this.#maintainLater();
  }
}

function isUnused(report: SenderToManager): boolean {
  return report.kind === 'closed' && report.report.kind === 'unused';
}
