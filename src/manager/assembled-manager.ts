// A running manager as a whole (`assemble.ts` makes it): reload, drain and stop.

import type { SetAsideMessage } from '../channel/messages.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../log/logger.ts';
import type { SpoolReader, SpoolStore, SpoolWriter } from '../spool/types.ts';
import { srsSettings } from '../settings/srs.ts';
import type { LiveSrs } from '../srs/live-srs.ts';
import type { ClockWatch } from './clock-watch.ts';
import type { DiversionDesk } from './diversions/diversion-desk.ts';
import type { DefenceDesk } from './defence-desk.ts';
import type { GivingUp } from './giving-up.ts';
import type { InForce } from './in-force.ts';
import type { LinkedRoles } from './linked-roles.ts';
import type { Links } from './links.ts';
import type { Logins } from './logins.ts';
import type { Maintenance } from './maintenance.ts';
import type { Manager } from './manager.ts';
import type { Mover } from './moves/mover.ts';
import type { Operations } from './operations.ts';
import type { OverdueWatch } from './overdue-watch.ts';
import type { DomainDesk } from './provisioning/domain-desk.ts';
import type { DomainWatch } from './provisioning/domain-watch.ts';
import type { QuarantineAge } from './quarantine-age.ts';
import type { PluginsInForce } from './plugins/plugins-in-force.ts';
import type { PipeliningState } from './pipelining-state.ts';
import type { RateState } from './rate-state.ts';
import type { RenewedLogins } from './renewed-logins.ts';
import type { Rerouter } from './rerouter.ts';
import type { WaysWatch } from './ways/ways-watch.ts';
import type { Routing } from './routing.ts';
import type { Senders } from './senders.ts';
import type { QuarantineDesk } from './quarantine-desk.ts';
import type { QueueDesk } from './queue-desk.ts';
import type { SendingDesk } from './sending-desk.ts';
import type { SetAside } from './set-aside.ts';
import type { Shaping } from './shaping.ts';
import type { SourceWatch } from './source-watch.ts';
import type { StsState } from './sts-state.ts';
import type { OnwardDesk } from './onward/onward-desk.ts';
import type { Redirects } from './redirects/redirects.ts';
import type { Reports } from './reports/reports.ts';
import type { TlsSessions } from './tls-sessions.ts';

export interface AssembledParts {
  /** Messages that were in the queue when Sluice last stopped. */
  readonly recovered: number;
  readonly links: Links;
  readonly inForce: InForce;
  readonly manager: Manager;
  readonly rerouter: Rerouter;
  readonly waysWatch: WaysWatch;
  readonly givingUp: GivingUp;
  readonly setAside: SetAside;
  readonly jobs: Operations['jobs'];
  readonly mover: Pick<Mover, 'idle' | 'stop'>;
  readonly senders: Senders;
  readonly redirects: Pick<Redirects, 'idle'>;
  readonly onward: Pick<OnwardDesk, 'idle'>;
  readonly routing: Routing;
  readonly plugins: PluginsInForce;
  readonly shaping: Shaping;
  readonly rates: RateState;
  readonly sending: SendingDesk;
  readonly defences: DefenceDesk;
  readonly linked: Pick<LinkedRoles, 'has'>;
  readonly quarantine: Pick<QuarantineDesk, 'configure'>;
  readonly queues: Pick<QueueDesk, 'configure'>;
  readonly sts: StsState;
  readonly srs: LiveSrs;
  readonly logins: Logins;
  readonly renewedLogins: RenewedLogins;
  readonly tlsSessions: TlsSessions;
  readonly reports: Reports;
  readonly pipelining: PipeliningState;
  readonly store: SpoolStore;
  readonly reader: SpoolReader;
  readonly writers: readonly SpoolWriter[];
  readonly clockWatch: ClockWatch;
  readonly diverting: DiversionDesk;
  readonly sourceWatch: SourceWatch;
  readonly overdueWatch: OverdueWatch;
  readonly quarantineAge: QuarantineAge;
  readonly domains: DomainDesk;
  readonly domainWatch: DomainWatch;
  readonly maintenance: Maintenance;
  readonly log: Logger;
}

export class AssembledManager {
  readonly recovered: number;
  /** Takes the channels of the other roles. */
  readonly links: Links;
  readonly #parts: AssembledParts;

  constructor(parts: AssembledParts) {
    this.#parts = parts;
    this.recovered = parts.recovered;
    this.links = parts.links;
    parts.clockWatch.watch();
    parts.overdueWatch.start();
    parts.quarantineAge.start();
    parts.domainWatch.start(parts.inForce.config);
    parts.maintenance.start();
    parts.reports.start();
    void parts.defences.backup.recovered(() => parts.linked.has('receiver'));
  }

  /** Puts another configuration in force, which has been checked. */
  configure(config: Config): void {
    const { inForce, senders, sending, routing, manager, rerouter, sourceWatch } = this.#parts;
    inForce.configure(config);
    senders.configure(inForce.capacity().perSender);
    sending.configure(config);
    this.#parts.defences.configure(config);
    this.#parts.quarantine.configure(config);
    this.#parts.queues.configure(config);
    this.#parts.domains.configure(config);
    this.#parts.diverting.configure(config);
    routing.configure(config);
    this.#parts.plugins.configure(config);
    this.#parts.srs.configure(srsSettings(config));
    this.#parts.logins.configured(config.credential.map(({ name }) => name));
    this.#parts.waysWatch.configure(config);
    this.#parts.domainWatch.configure(config);
    manager.reconfigured();
    void rerouter.reroute();
    void sourceWatch.look();
  }

  /** A sender process has ended, and all its connections with it. */
  senderEnded(serial: number): void {
    this.#parts.senders.ended(serial);
  }

  /** Messages were in hand at several crashes. @param areKnown - they are held since then */
  setAside(messages: readonly SetAsideMessage[], areKnown: boolean): void {
    if (areKnown) this.#parts.setAside.known(messages);
    else this.#parts.setAside.hold(messages);
  }

  /** The secrets of these credentials are others: hosts that refused the former ones are tried again. */
  renewed(credentials: readonly string[]): void {
    void this.#parts.renewedLogins.renewed(credentials);
  }

  /** Grants nothing from now on. */
  drain(): void {
    this.#parts.links.drain();
    this.#parts.senders.drain();
  }

  /**
   * Ends everything. Tries for `graceMs` to bring all outcomes to stable storage; resolves to the number of outcomes that could
   * not be stored.
   */
  async stop(graceMs: number): Promise<number> {
    const { maintenance, overdueWatch, sourceWatch, senders, manager, givingUp, jobs, store, log } =
      this.#parts;
    jobs.cancelAll();
    this.#parts.mover.stop();
    this.#parts.domainWatch.stop();
    maintenance.stop();
    overdueWatch.stop();
    this.#parts.quarantineAge.stop();
    sourceWatch.stop();
    await this.#parts.reports.close();
    // Results may still be on their way after the processes that sent them have ended, and so may the hello of a sender whose link broke.
    await this.links.allKnown();
    await senders.gone();
    await this.#parts.redirects.idle();
    await this.#parts.onward.idle();
    this.#parts.waysWatch.stop();
    this.#parts.rerouter.stop();
    this.#parts.renewedLogins.stop();
    this.#parts.defences.stop();
    await manager.stop();
    await givingUp.idle();
    await jobs.idle();
    await this.#parts.domainWatch.idle();
    await this.#parts.mover.idle();
    await this.#parts.quarantineAge.idle();
    const unstored = await store.storeOutcomes(graceMs);
    if (unstored === 0) log.info('the journal is on stable storage');
    await this.#parts.shaping.close();
    await this.#parts.diverting.close();
    await this.#parts.defences.close();
    await this.#parts.rates.close();
    await this.#parts.sending.close();
    await this.#parts.domains.close();
    await this.#parts.clockWatch.close();
    this.#parts.routing.close();
    this.#parts.plugins.close();
    await this.#parts.sts.close();
    await this.#parts.tlsSessions.close();
    await this.#parts.pipelining.close();
    await Promise.all(this.#parts.writers.map((writer) => writer.close()));
    try {
      await store.close();
    } catch (error) {
      // Unstored outcomes are the reason, and the returned number tells of them.
      if (unstored === 0) throw error;
    } finally {
      this.#parts.reader.close();
    }
    return unstored;
  }
}
