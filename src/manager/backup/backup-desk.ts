// What this server does as a backup MX: sends mail when its primary server is there again, by ETRN or by a probe, and remembers which recipients
// primary servers have taken. Promise: where no route has backup, it does nothing and keeps nothing.

import type { Config } from '../../config/config.ts';
import type { BackupConfig } from '../../config/route-config.ts';
import type { EtrnQuestion, EtrnServerAnswer } from '../../control/operations/etrn.ts';
import type { Errand, ErrandOutcome } from '../../deliver/errand/types.ts';
import type { DatedClock } from '../../io/steady-clock.ts';
import type { Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { BackupLedger, EtrnAnswer, LearnedAnswer } from '../../policy/backup/types.ts';
import type { EtrnNode } from '../../values/etrn-node.ts';
import type { Refusal } from '../../message/refusal.ts';
import type { EffectOf } from '../../schedule/drive.ts';
import type { Scheduler } from '../../schedule/types.ts';
import { backupDomains } from '../../settings/backup.ts';
import { askedServers } from '../../settings/etrn.ts';
import type { FileLayer } from '../../spool/file-layer.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { DomainTable } from '../../values/domain-table.ts';
import type { RouterInForce } from '../ports.ts';
import { domainsOfNode } from './etrn-nodes.ts';
import { LearnedMemory } from './learned-memory.ts';
import { type DownSite, PrimaryWatch } from './primary-watch.ts';
import { downTrouble } from './down-text.ts';
import { askByEtrn } from './etrn-answers.ts';
import { type RunErrandCounted, runCounted } from './counted-errands.ts';
import { EtrnHolds } from './etrn-holds.ts';
import { EtrnRequests } from './etrn-requests.ts';
import { WaitingMail } from './waiting-mail.ts';

/** Routes of recovered mail whose servers are looked after. */
const mostRoutes = 10_000;
/** With more recipients in the queue, a client is not kept waiting until all are looked at. */
const mostCounted = 20_000;

export interface BackupDeskParts {
  readonly timers: Timers;
  readonly log: Logger;
  readonly clock: Pick<DatedClock, 'nowMs' | 'dateMs' | 'shownOf'>;
  readonly files: FileLayer;
  readonly troubles: Troubles;
}

/** The parts of the manager that it acts on. */
export interface BackupSurroundings {
  readonly scheduler: Pick<
    Scheduler,
    'counts' | 'messages' | 'recipients' | 'recipientsOf' | 'retryNow' | 'sites' | 'visit' | 'visitEnded'
  >;
  readonly routing: RouterInForce;
  readonly senders: { errand(errand: Errand): Promise<ErrandOutcome> };
  /** Carries out the scheduler's effects. */
  readonly changed: () => void;
}

interface Serving extends BackupSurroundings {
  readonly run: RunErrandCounted;
  readonly mail: WaitingMail;
  readonly watch: PrimaryWatch;
  /** Of the primary server: those who keep its mail are asked for it. */
  readonly requests: EtrnRequests;
}

export class BackupDesk implements BackupLedger {
  readonly #parts: BackupDeskParts;
  readonly #etrnHolds: EtrnHolds;
  #config: Config;
  #domains: DomainTable<BackupConfig> | undefined;
  #memory: LearnedMemory | undefined;
  #serving: Serving | undefined;
  #isReceiving = (): boolean => false;

  constructor(config: Config, parts: BackupDeskParts) {
    this.#parts = parts;
    this.#etrnHolds = new EtrnHolds(parts.timers.nowMs);
    this.#config = config;
    this.#domains = backupDomains(config);
  }

  configure(config: Config): void {
    this.#config = config;
    this.#domains = backupDomains(config);
    this.#serving?.watch.configured();
    this.#tell();
    this.#serving?.requests.configure(askedServers(config));
  }

  /** Begins to act on the queue. Call it before the first grant. */
  serve(around: BackupSurroundings): void {
    const { clock, log, timers, troubles } = this.#parts;
    const { changed, routing, scheduler, senders } = around;
    const run: RunErrandCounted = (errand) =>
      runCounted({ scheduler, senders, nowMs: clock.nowMs, changed }, errand);
    this.#serving = {
      ...around,
      run,
      mail: new WaitingMail({ scheduler, timers, nowMs: clock.nowMs, changed }),
      watch: new PrimaryWatch({
        timers,
        probeMsOf: (domain) => this.#domains?.mostSpecific(domain)?.probeMs ?? 0,
        probe: (down) => this.#probe(down),
        isBack: (down) => this.#isBack(down),
        concerns: () => this.#concerns(scheduler),
        changed: () => this.#tell(),
      }),
      requests: new EtrnRequests({
        timers,
        log,
        troubles,
        resolve: (key) => routing.router.resolve(key),
        run,
        isReceiving: () => this.#isReceiving(),
      }),
    };
  }

  /**
   * Looks after the servers of mail that waits since before the start, and asks others for the mail that waits there. Call it when the queue is
   * recovered.
   * @param isReceiving - whether this server takes mail
   */
  async recovered(isReceiving: () => boolean): Promise<void> {
    this.#isReceiving = isReceiving;
    this.#serving?.requests.configure(askedServers(this.#config));
    const { scheduler, routing, watch } = this.#serving ?? {};
    if (scheduler === undefined || routing === undefined || this.#domains === undefined) return;
    const routes = new Map<string, string>();
    for (const { attempts, domain, route } of scheduler.recipients()) {
      if (attempts > 0 && routes.size < mostRoutes && this.#domains.mostSpecific(domain) !== undefined)
        routes.set(route, domain);
    }
    for (const [key, domain] of routes) {
      const plan = await routing.router.resolve(key);
      if (plan.kind === 'relay') watch?.failed({ site: plan.site, domain, key });
    }
    this.#tell();
  }

  /** A connection is being opened. */
  opened({
    connection,
    domain,
    key,
    site,
  }: Pick<EffectOf<'connect'>, 'connection' | 'domain' | 'key' | 'site'>): void {
    if (this.#domains?.mostSpecific(domain) === undefined) return;
    this.#serving?.watch.opened(connection, { site, domain, key });
  }

  ready(connection: number): void {
    if (this.#domains !== undefined) this.#serving?.watch.ready(connection);
  }

  /** @param failure - why it never became ready; undefined where that was a fault of this host */
  closed(connection: number, failure: Refusal | undefined): void {
    if (this.#domains === undefined) return;
    const hasFailed = failure !== undefined;
    // RFC 3463 X.4.6: the server calls itself by a name of this one.
    this.#serving?.watch.closed(
      connection,
      hasFailed,
      failure?.by.kind === 'connection' && failure.enhanced === '4.4.6',
    );
    if (hasFailed) this.#tell();
  }

  async etrn(node: EtrnNode): Promise<EtrnAnswer> {
    const domains = this.#domains;
    const serving = this.#serving;
    const isMeant = domains && domainsOfNode(node, this.#config.route, domains);
    if (isMeant === undefined) return { kind: 'not-allowed' };
    if (serving === undefined) return { kind: 'failing', reason: 'the queue is being recovered' };
    const askAgainMs = this.#etrnHolds.ask(node);
    if (askAgainMs > 0) return { kind: 'busy', againMs: askAgainMs };
    const { mail, scheduler } = serving;
    const turn = this.#etrnHolds.turn();
    const sent = mail.send(({ domain }) => isMeant(domain) && turn.mayGo(domain));
    if (scheduler.counts().recipients > mostCounted) return { kind: 'started', messages: undefined };
    const messages = await sent;
    if (messages > 0) return { kind: 'started', messages };
    const againMs = turn.againMs();
    return againMs > 0 ? { kind: 'busy', againMs } : { kind: 'nothing' };
  }

  /** Asks other servers for the mail that waits there, because an operator says so. */
  async askOthers(question: EtrnQuestion): Promise<readonly EtrnServerAnswer[]> {
    if (this.#serving === undefined) return [];
    return askByEtrn(question, askedServers(this.#config), this.#serving.requests);
  }

  async learned(address: string): Promise<LearnedAnswer> {
    return this.#learned.learned(address);
  }

  learn(address: string, exists: boolean): void {
    this.#learned.learn(address, exists);
  }

  stop(): void {
    this.#serving?.mail.stop();
    this.#serving?.watch.stop();
    this.#serving?.requests.stop();
  }

  /** Resolves when what was learned is on stable storage. */
  async close(): Promise<void> {
    await this.#memory?.close();
  }

  get #learned(): LearnedMemory {
    this.#memory ??= new LearnedMemory({ ...this.#parts, folder: this.#config.spool });
    return this.#memory;
  }

  async #probe({ domain, key, site }: DownSite): Promise<boolean> {
    const { routing, run } = this.#serving ?? {};
    if (routing === undefined || run === undefined) return false;
    const plan = await routing.router.resolve(key);
    if (plan.kind !== 'relay' || plan.site !== site) return plan.kind === 'relay';
    const failed = (host: string, reason: string): void =>
      this.#parts.log.debug(`backup MX: ${host} does not answer a probe: ${reason}`);
    return (await run({ key, domain, plan, failed })).kind === 'answered';
  }

  #isBack({ domain, site, sinceMs }: DownSite): void {
    const { clock, log, timers } = this.#parts;
    const { mail, routing } = this.#serving ?? {};
    if (mail === undefined || routing === undefined) return;
    const seconds = Math.round((timers.nowMs() - sinceMs) / 1000);
    log.info(
      `backup MX: the primary server of ${domain} is there again after ${seconds} s (${site}): its mail goes now`,
    );
    this.#tell();
    const { router } = routing;
    void mail.send((recipient) => {
      if (this.#domains?.mostSpecific(recipient.domain) === undefined) return false;
      if (recipient.domain === domain) return true;
      const plan = router.cached(recipient.route, clock.nowMs());
      return plan?.kind === 'relay' && plan.site === site;
    });
  }

  #concerns(scheduler: Pick<Scheduler, 'sites'>): (down: DownSite) => boolean {
    // A route whose plan is not known has a row under its own key.
    const rows = scheduler.sites().filter(({ active, ready, waiting }) => active + ready + waiting > 0);
    const withMail = new Set(rows.map(({ site }) => site));
    return ({ domain, key, site }) =>
      this.#domains?.mostSpecific(domain) !== undefined && (withMail.has(site) || withMail.has(key));
  }

  /** Tells operators which primary servers are down. */
  #tell(): void {
    const { timers, troubles } = this.#parts;
    const down = this.#serving?.watch.down ?? [];
    if (down.length === 0) troubles.clear('backup');
    else troubles.raise('backup', 'warning', ...downTrouble(down, timers.nowMs()));
  }
}
