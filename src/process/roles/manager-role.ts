// The manager role: opens the real spool, clock, name servers and files, and assembles a manager from them. The other roles
// link to it.

import type { RoleFacts, SetAsideMessage } from '../../channel/messages.ts';
import type { Config } from '../../config/config.ts';
import { bindProblem } from '../../io/bind-problem.ts';
import { bootIdHere, bootMs } from '../../io/boot-clock.ts';
import { nextTurn, nodeTimers } from '../../io/timers.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import type { Logger } from '../../log/logger.ts';
import { assemble } from '../../manager/assemble.ts';
import type { AssembledManager } from '../../manager/assembled-manager.ts';
import type { Links } from '../../manager/links.ts';
import { openRouter } from '../../manager/open-router.ts';
import type { OtherSenders } from '../../manager/ports.ts';
import { systemFacts } from '../../settings/system-facts.ts';
import { nodeFiles } from '../../spool/file-layer.ts';
import type { Signing } from '../../signing/outgoing-mail.ts';
import type { LiveSrs } from '../../srs/live-srs.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { OutcomesError } from '../outcomes-error.ts';
import type { Role } from '../role.ts';
import { DeliveryPluginHosts } from './delivery-plugins.ts';
import { LiveRouteTables } from './route-tables.ts';
import { ManagerSpool } from './manager-spool.ts';

export class ManagerRole implements Role {
  readonly facts: RoleFacts;
  readonly links: Links;
  readonly #manager: AssembledManager;
  readonly #plugins: DeliveryPluginHosts;
  readonly #tables: LiveRouteTables;
  readonly #spool: ManagerSpool;
  /** Set while code of plugins is loaded: later configurations come into force in their order. */
  #configuring: Promise<void> | undefined;

  private constructor(
    manager: AssembledManager,
    plugins: DeliveryPluginHosts,
    tables: LiveRouteTables,
    spool: ManagerSpool,
  ) {
    this.#spool = spool;
    this.#plugins = plugins;
    this.#tables = tables;
    this.facts = { recovered: manager.recovered };
    this.links = manager.links;
    this.#manager = manager;
  }

  /** Recovers the queue and begins to schedule. @throws {SpoolError} when the spool cannot be opened. */
  static async start(
    config: Config,
    log: Logger,
    troubles: Troubles,
    signing: Signing,
    srs: LiveSrs,
    counted: EventCounters,
    others?: OtherSenders,
  ): Promise<ManagerRole> {
    const machine = {
      timers: nodeTimers,
      dateMs: Date.now,
      bootMs,
      bootId: await bootIdHere(),
      files: nodeFiles,
      facts: systemFacts,
      bind: bindProblem,
      random: Math.random,
    };
    const spool = new ManagerSpool(config);
    const plugins = new DeliveryPluginHosts(config, log, troubles);
    const routeTables = new LiveRouteTables(log, troubles);
    await Promise.all([plugins.configure(config), routeTables.configure(config)]);
    const openPlugins = (wanted: Config) => plugins.open(wanted);
    const parts = { config, machine, spool, openRouter, openPlugins, log, counted, troubles, signing, srs };
    const manager = await assemble({ ...parts, routeTables, others });
    return new ManagerRole(manager, plugins, routeTables, spool);
  }

  /** A sender process has ended, and all its connections with it. */
  senderEnded(serial: number): void {
    this.#manager.senderEnded(serial);
  }

  /** Messages were in hand at several crashes. */
  setAside(messages: readonly SetAsideMessage[], areKnown: boolean): void {
    this.#manager.setAside(messages, areKnown);
  }

  /** The secrets of these credentials are others. */
  renewed(credentials: readonly string[]): void {
    this.#manager.renewed(credentials);
  }

  async configure(config: Config): Promise<readonly string[]> {
    const followed = this.#spool.configure(config);
    const loaded = bothOf(this.#plugins.configure(config), this.#tables.configure(config));
    if (loaded === undefined && this.#configuring === undefined) this.#manager.configure(config);
    else {
      this.#configuring = Promise.all([this.#configuring, loaded]).then(() =>
        this.#manager.configure(config),
      );
      await this.#configuring;
    }
    await followed;
    return [];
  }

  drain(): void {
    this.#manager.drain();
  }

  /**
   * Tries for `graceMs` to store the outcomes that are in memory.
   * @param unlisten - ends the socket of the other roles
   * @throws {OutcomesError} when some are not stored in the end
   */
  async stop(graceMs: number, unlisten: () => void = () => undefined): Promise<void> {
    // In this turn comes who has connected before: a sender whose link broke, to say what it delivered.
    await nextTurn(nodeTimers);
    unlisten();
    const unstored = await this.#manager.stop(graceMs);
    await this.#plugins.close();
    await this.#tables.close();
    if (unstored > 0) throw new OutcomesError(unstored);
  }
}

function bothOf(
  one: Promise<void> | undefined,
  other: Promise<void> | undefined,
): Promise<unknown> | undefined {
  return one === undefined ? other : Promise.all([one, other]);
}
