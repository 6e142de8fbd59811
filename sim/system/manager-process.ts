// A manager's process: the real manager, put together by `assemble.ts` on a simulated machine.

import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { assemble } from '../../src/manager/assemble.ts';
import type { AssembledManager } from '../../src/manager/assembled-manager.ts';
import type { Machine, OpenRouters, Spool } from '../../src/manager/ports.ts';
import { managerSlots } from '../../src/process/roles/slots.ts';
import { createRouter } from '../../src/route/create-router.ts';
import { routeRules } from '../../src/settings/route-rules.ts';
import { openReaders, openStores, openWriters } from '../../src/spool/open.ts';
import type { SpoolStore } from '../../src/spool/types.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { simulatedResolver } from './name-servers.ts';
import { watched } from './journal-watch.ts';
import type { ManagerEnd } from './manager-end.ts';
import { breakFiles, breakLink, breakStore, breakWriter } from './sabotage.ts';
import { isOfTheSystem, type SimProcess } from './sim-process.ts';
import { folderOf, storesOf } from './other-stores.ts';
import type { Surroundings } from './surroundings.ts';

/** What the journal has allocated ahead: little, so that a seed costs little. */
const journalRoomBytes = 4_096;
const journalBytes = 8_192;

/** What rates have used up is stored within this time, when nothing has been wrong for `wellMs`. */
const ratesStoredMs = 1_200;
const wellMs = 5_000;

export class ManagerProcess {
  readonly process: SimProcess;
  readonly troubles = new Troubles();
  readonly #around: Surroundings;
  /** Serials of senders that lived when it started, or have said hello. */
  readonly #known: Set<number>;
  #firstRoutes: Config['route'] = [];
  /** Set when the manager has recovered its queue. */
  #manager: AssembledManager | undefined;
  #isStopping = false;
  #hasStopped = false;
  /** Links of roles that came while it started, and what happened meanwhile. */
  #whenUp: ((manager: AssembledManager) => void)[] = [];

  /**
   * @param before - serials of the senders that live
   * @param awaits - told which of them it still waits for
   */
  constructor(
    around: Surroundings,
    serial: number,
    before: readonly number[],
    awaits: (serials: readonly number[]) => void,
  ) {
    this.#around = around;
    this.#known = new Set(before);
    this.process = around.newProcess(`manager (${serial})`);
    this.process.onEnd(() => {
      around.books.managerEnded(this.#hasStopped);
      const { nowMs } = around.clock;
      // What rates have used up is stored once a second, and at a stop; nothing is said about a disk that is slow or fails.
      if (around.wellForMs <= wellMs) around.rateBooks.forgets(-Infinity, nowMs);
      else if (!this.#hasStopped) around.rateBooks.forgets(nowMs - ratesStoredMs, nowMs);
      around.memory.managerEnded();
      around.refusals.managerEnded();
      around.memory.forget(this.process, 'the manager and the sender process that delivered it both ended');
    });
    this.process.after(around.random.below(100), () => {
      this.#start(before, awaits).catch((error: unknown) => {
        around.trace(() => `the manager cannot start: ${String(error)}`);
        if (isOfTheSystem(error)) this.process.kill();
        else around.failed(error);
      });
    });
  }

  /** It has ended in order, and nothing was left that it could not store. */
  get hasStopped(): boolean {
    return this.#hasStopped;
  }

  get isListening(): boolean {
    return this.process.isAlive && !this.#isStopping;
  }

  /** Sluice is going to stop. */
  drain(): void {
    this.#manager?.drain();
  }

  /** Ends the process within the grace. */
  stop(graceMs: number): void {
    this.#isStopping = true;
    if (this.#manager === undefined) {
      this.process.kill();
      return;
    }
    this.#manager.stop(graceMs).then(
      (unstored) => {
        this.#hasStopped = unstored === 0 && this.process.isAlive;
        this.process.kill();
      },
      (error: unknown) => {
        if (isOfTheSystem(error)) this.process.kill();
        else this.#around.failed(error);
      },
    );
  }

  get isUp(): boolean {
    return this.process.isAlive && this.#manager !== undefined;
  }

  /** Takes the link of a role, which says hello first. */
  accept(sound: ManagerEnd): void {
    const end = breakLink(sound, this.process.timers, this.#around.sabotage);
    this.#onceUp((manager) => {
      manager.links.connected(end);
      end.receive(([hello, ...rest]) => {
        if (hello?.kind !== 'hello') {
          end.close();
          return;
        }
        this.#known.add(hello.serial);
        if (this.#around.sabotage === 'lost link') end.onClosed(() => manager.senderEnded(hello.serial));
        manager.links.introduce(hello, end, rest);
      });
    });
  }

  senderEnded(serial: number): void {
    this.#onceUp((manager) => {
      const isUnseen = !this.#known.has(serial);
      if (isUnseen && this.#around.sabotage === 'unseen end') return;
      manager.senderEnded(serial);
    });
  }

  configure(config: Config): void {
    this.#onceUp((manager) => {
      this.#around.trace(() => 'the manager takes another configuration');
      const { grants, openFiles, routeBooks } = this.#around;
      grants.configured(config, openFiles);
      routeBooks.configured(config);
      const { sabotage } = this.#around;
      manager.configure(sabotage === 'stale routes' ? { ...config, route: this.#firstRoutes } : config);
    });
  }

  #onceUp(act: (manager: AssembledManager) => void): void {
    if (this.#manager === undefined) this.#whenUp.push(act);
    else act(this.#manager);
  }

  async #start(before: readonly number[], awaits: (serials: readonly number[]) => void): Promise<void> {
    const around = this.#around;
    const { config } = around;
    around.grants.managerStarts(config, around.openFiles);
    around.routeBooks.managerStarts(config);
    this.#firstRoutes = config.route;
    const plugins =
      around.sabotage === 'passed plugin' ? undefined : around.routeBooks.plugin?.in(this.process);
    const manager = await assemble({
      config,
      machine: this.#machine(),
      spool: this.#spool(config),
      openRouter: this.#openRouter,
      openPlugins: plugins && (() => plugins),
      log: around.logOf(this.process),
      counted: new EventCounters(),
      troubles: this.troubles,
      others: { senders: before, awaits },
    });
    this.#manager = manager;
    around.trace(() => `the manager is up, with ${manager.recovered} messages`);
    const waiting = this.#whenUp;
    this.#whenUp = [];
    for (const act of waiting) act(manager);
  }

  #machine(): Machine {
    const { boot, clock, dateMs, random, sabotage, sourceBooks } = this.#around;
    const { timers } = this.process;
    return {
      timers,
      dateMs,
      bootMs: () => clock.nowMs - boot.sinceMs,
      bootId: boot.id,
      files: breakFiles(this.process.files, sabotage),
      facts: () => ({ openFiles: this.#around.openFiles, ports: undefined }),
      bind: (source) => Promise.resolve(sourceBooks.lost.has(source) ? 'no such address' : undefined),
      random: () => random.next(),
    };
  }

  #spool({ queue }: Config): Spool {
    const { dateMs, memory, sabotage, spool: directory } = this.#around;
    const stores = storesOf(directory, this.process, (files, store) =>
      watched(files, join(folderOf(store, directory), 'journal'), memory, store),
    );
    let opened: SpoolStore | undefined;
    const common = { segmentBytes: queue.segmentSize, now: dateMs };
    return {
      openStore: async (events) => {
        const options = {
          ...common,
          slot: managerSlots.longLived,
          journalSyncMs: queue.journalSync,
          relocateAfterMs: queue.relocateAfter,
          journalRoomBytes,
          journalBytes,
        };
        opened = breakStore(await openStores(stores, options, events), sabotage);
        return opened;
      },
      openReader: () => openReaders(stores),
      openWriters: async () => {
        const options = {
          ...common,
          slot: managerSlots.bounces,
          reserveBytes: 0,
          sync: 'fdatasync',
        } as const;
        const writers = await openWriters(stores, options);
        const broken = { store: opened, reader: openReaders(stores) };
        return writers.map((writer) => breakWriter(writer, broken, sabotage));
      },
    };
  }

  readonly #openRouter: OpenRouters = (config, nowMs) => {
    const { internet, nameServers, random } = this.#around;
    const resolver = simulatedResolver({
      internet,
      nameServers,
      random,
      nowMs: () => this.#around.clock.nowMs,
      later: (ms, act) => this.process.after(ms, act),
      isAlive: () => this.process.isAlive,
    });
    const router = createRouter({
      rules: routeRules(config),
      resolver,
      isOwnAddress: () => false,
      ownNames: [config.hostname],
      ipv4: true,
      ipv6: false,
      smtpPort: 25,
      random: () => random.next(),
      now: nowMs,
    });
    return { router, lookups: resolver, onOutage: resolver.onOutage, close: resolver.close };
  };
}
