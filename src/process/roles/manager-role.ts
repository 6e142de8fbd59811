// The manager: recovery, scheduler, routing and DNS, journal, bounces. The others link to it.

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Config } from '../../config/config.ts';
import { createResolver, readResolvConf, type Resolver } from '../../dns/resolver.ts';
import type { Logger } from '../../log/logger.ts';
import { createRouter } from '../../route/create-router.ts';
import type { Router } from '../../route/types.ts';
import { createScheduler } from '../../schedule/create-scheduler.ts';
import { openSpoolReader, openSpoolStore, openSpoolWriter } from '../../spool/open.ts';
import type { SpoolReader, SpoolStore, SpoolWriter } from '../../spool/types.ts';
import { MemoryStats } from '../../stats/stats.ts';
import type { Channel } from '../channel.ts';
import type {
  ControlToManager,
  Hello,
  ManagerToSender,
  ReceiverToManager,
  Response,
  RoleFacts,
  SenderToManager,
  Submitted,
} from '../messages.ts';
import { Bouncer } from '../manager/bouncer.ts';
import { Manager } from '../manager/manager.ts';
import { Operations } from '../manager/operations.ts';
import { Senders } from '../manager/senders.ts';
import type { Role } from '../role.ts';
import { routeRules } from '../route-rules.ts';
import { withinCapacity } from '../capacity.ts';
import { bounceSettings, schedulerConfig } from '../settings.ts';
import { capacityHere } from '../system-facts.ts';
import { managerSlots } from './slots.ts';

/** How often segments are looked at: stragglers moved, dead ones unlinked, the journal compacted. */
const maintenanceMs = 5_000;

interface Parts {
  readonly facts: RoleFacts;
  readonly manager: Manager;
  readonly senders: Senders;
  readonly bouncer: Bouncer;
  readonly store: SpoolStore;
  readonly writer: SpoolWriter;
  readonly reader: SpoolReader;
  readonly resolver: Resolver;
  readonly operations: Operations;
  readonly log: Logger;
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
    this.#maintainLater();
  }

  /** Recovers the queue and begins to schedule. @throws {SpoolError} when the spool cannot be opened. */
  static async start(config: Config, log: Logger): Promise<ManagerRole> {
    let manager: Manager | undefined;
    const store = await openSpoolStore({
      onProblem: ({ kind, place, text }) => log.warn(`spool: ${text}`, { kind, place }),
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
    const capacity = capacityHere(config);
    const scheduler = createScheduler(withinCapacity(schedulerConfig(config), capacity), Date.now());
    const resolver = resolverOf(config);
    const stats = new MemoryStats();
    const started = new Manager({ store, reader, scheduler, router: routerOf(config, resolver), log, stats });
    const senders = new Senders((connection) => started.connectionLost(connection), capacity.perSender);
    const submit = (message: Submitted) => started.submitted([message]);
    const bouncer = new Bouncer({ settings: bounceSettings(config), reader, writer, log, submit });
    started.connect(senders, bouncer);
    const recovered = await started.recover();
    manager = started;
    const operations = new Operations(started, store, senders, stats, log);
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
      operations,
      log,
    });
  }

  addReceiver(channel: Channel<never, ReceiverToManager>): void {
    channel.receive((batch) => this.#submitted(batch));
  }

  addSender(channel: Channel<ManagerToSender, SenderToManager>): void {
    channel.receive((batch) => this.#reported(batch));
    this.#parts.senders.add(channel);
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
        this.addSender(channel as Channel<ManagerToSender, SenderToManager>);
        break;
      case 'control':
        this.addControl(channel as Channel<Response, ControlToManager>);
        this.#requested(rest as readonly ControlToManager[], channel as Channel<Response, ControlToManager>);
        break;
    }
  }

  configure(config: Config): void {
    const old = this.#resolver;
    this.#resolver = resolverOf(config);
    this.#parts.bouncer.reconfigure(bounceSettings(config));
    const limits = withinCapacity(schedulerConfig(config), capacityHere(config));
    this.#parts.manager.reconfigure(limits, routerOf(config, this.#resolver));
    old.close();
  }

  drain(): void {
    this.#draining = true;
    this.#parts.senders.drain();
  }

  async stop(): Promise<void> {
    this.#maintaining = false;
    clearTimeout(this.#maintenance);
    // Results may still be on their way though the processes that sent them have ended.
    await this.#parts.senders.gone();
    await this.#parts.manager.stop();
    this.#resolver.close();
    await this.#parts.writer.close();
    await this.#parts.store.close();
    this.#parts.reader.close();
  }

  #submitted(batch: readonly ReceiverToManager[]): void {
    this.#parts.manager.submitted(batch.filter((message) => message.kind === 'submitted'));
  }

  #reported(batch: readonly SenderToManager[]): void {
    // What a stop has cut short before it began stays in the spool as it is: no attempt, no wait after the next start.
    this.#parts.manager.senderReports(this.#draining ? batch.filter((report) => !isUnused(report)) : batch);
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
      await this.#parts.store.maintain(Date.now());
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

function resolverOf(config: Config): Resolver {
  const { dns } = config;
  return createResolver({
    servers: dns.servers?.map(({ host, port }) => ({ address: host, port })) ?? readResolvConf().servers,
    timeoutMs: dns.timeout,
    attempts: dns.attempts,
    maxTtlSeconds: dns.maxTtl / 1000,
    minTtlSeconds: dns.minTtl / 1000,
    negativeTtlSeconds: dns.negativeTtl / 1000,
    maxEntries: dns.cacheEntries,
    maxInFlight: 1000,
  });
}

function routerOf(config: Config, resolver: Resolver): Router {
  const own = ownEndpoints(config);
  return createRouter({
    rules: routeRules(config.route),
    resolver,
    isOwnAddress: (ip, port) => own.has(`${ip} ${port}`),
    ownNames: [config.hostname],
    ipv4: config.deliver.ipv4,
    ipv6: config.deliver.ipv6,
    smtpPort: config.deliver.port,
    random: Math.random,
  });
}

/** Addresses and ports at which this Sluice listens; a wildcard stands for every address of the machine. */
function ownEndpoints(config: Config): Set<string> {
  const own = new Set<string>();
  for (const { address } of config.listen) {
    const hosts =
      address.host === '0.0.0.0' || address.host === '::'
        ? Object.values(networkInterfaces()).flatMap((list) => list?.map((each) => each.address) ?? [])
        : [address.host];
    for (const host of hosts) if (isIP(host) !== 0) own.add(`${host} ${address.port}`);
  }
  return own;
}
