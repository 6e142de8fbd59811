// The control role: answers operators over the control socket. Mail is received and delivered without it.

import type { Config } from '../../config/config.ts';
import { queueSockets } from '../../config/queue-sockets.ts';
import type { Reloaded } from '../../control/operations/reload.ts';
import { ControlServer } from '../../control/control-server.ts';
import {
  controlService,
  type ControlServiceParts,
  type UsersAndBans,
} from '../../control/control-service.ts';
import type { Trail } from '../../crash/trail.ts';
import { QueueQuery } from '../../control/queue-query.ts';
import { StatusDesk } from '../../control/status-desk.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import type { Logger } from '../../log/logger.ts';
import { followReaders, openReaders, openSalvagers } from '../../spool/open.ts';
import type { LiveStores } from '../../spool/store-access.ts';
import type { QueueReader } from '../../spool/types.ts';
import type { CertificateFacts } from '../../tls/certificate-facts.ts';
import type { RoleTotals } from '../../statistics/totals.ts';
import type { ReportedTrouble } from '../../stats/trouble-board.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Link } from '../../channel/link.ts';
import type { Asked, Response, RoleFacts } from '../../channel/messages.ts';
import { shownListeners } from '../../settings/listeners.ts';
import { passwordSocketOf, readSocketOf } from '../../values/control-sockets.ts';
import { groupId } from '../privileges/group-id.ts';
import type { Role } from '../role.ts';
import { LaterStatistics } from './later-statistics.ts';
import { LinkedSource } from './linked-source.ts';
import { checkReloadFile } from './reload-file.ts';
import type { SupervisorAnswers } from './supervisor-answers.ts';
import { liveStores, storeSettings } from './stores.ts';

/** What the control role asks of the supervisor, or of the single process. */
export interface SupervisorAsks {
  readonly reload: () => Promise<Reloaded>;
  readonly reopenLog: () => void;
  readonly crash: ControlServiceParts['crash'];
  readonly setQueue: ControlServiceParts['setQueue'];
}

/** What the supervisor, or the single process, tells the control role. */
export interface SupervisorTells {
  /** The current troubles of all processes. */
  readonly allTroubles: () => readonly ReportedTrouble[];
  /** The certificates that receivers serve. */
  readonly served: () => readonly CertificateFacts[];
  /** What all processes have counted. */
  readonly totals: () => RoleTotals;
  /** Those of this process. */
  readonly troubles: Troubles;
  /** What this process counts. */
  readonly counters: EventCounters;
}

/** Asks the supervisor by the messages of a role's process. */
export function supervisorAsks(
  { reloads, crashTests, queueStates }: SupervisorAnswers,
  tell: (message: { readonly kind: 'reload' | 'reopenLog' }) => void,
): SupervisorAsks {
  return {
    reload: () => reloads.ask(() => tell({ kind: 'reload' })),
    reopenLog: () => tell({ kind: 'reopenLog' }),
    crash: (question) => crashTests.ask(question),
    setQueue: (question) => queueStates.ask(question),
  };
}

export class ControlRole implements Role {
  readonly facts: RoleFacts = {};
  readonly #link: Link<Asked>;
  readonly #reader: QueueReader;
  readonly #salvager: ReturnType<typeof openSalvagers>;
  readonly #stores: LiveStores;
  readonly #source: LinkedSource;
  readonly #server: ControlServer;
  readonly #statistics: LaterStatistics;
  #config: Config;

  /**
   * @param log - for faults of Sluice while it answers
   * @param asks - of the supervisor or the single process: to read the configuration again, to have the log file opened again, to
   *   have a process crash
   * @param directory - of users
   * @param trail - says what is being answered
   */
  constructor(
    config: Config,
    link: Link<Asked>,
    log: Pick<Logger, 'error'>,
    { reload, reopenLog, crash, setQueue }: SupervisorAsks,
    { allTroubles, served, totals, troubles, counters }: SupervisorTells,
    directory: UsersAndBans,
    trail?: Trail,
  ) {
    this.#link = link;
    this.#config = config;
    this.#stores = liveStores(config);
    this.#reader = openReaders(this.#stores.all);
    this.#salvager = openSalvagers(this.#stores.all.map(({ directory }) => directory));
    this.#source = new LinkedSource(link);
    const { ask } = this.#source;
    const desk = new StatusDesk({ ask, troubles: allTroubles, served });
    this.#statistics = new LaterStatistics({
      status: (question) => desk.answer(question),
      totals,
      troubles,
      dropped: () => counters.countedFor('dropped statsd'),
    });
    this.#server = new ControlServer({
      service: controlService({
        ask,
        queue: new QueueQuery(ask, this.#reader),
        mail: this.#salvager,
        desk,
        reload: async ({ file }) => {
          checkReloadFile(file, this.#config.file);
          return reload();
        },
        reopenLog,
        crash,
        setQueue,
        tls: () => ({
          nowMs: Date.now(),
          certificates: served(),
          listeners: shownListeners(this.#config),
        }),
        directory,
      }),
      failed: (message) => log.error(`an operator's request failed: ${message}`),
      trail,
    });
  }

  /** @throws {SluiceError} when a socket cannot be made, or given to its group */
  async listen(config: Config): Promise<void> {
    const { controlSocket, control } = config;
    const { group, readOnlyGroup, userPasswords } = control;
    await this.#server.listen(controlSocket, 'change', group === undefined ? undefined : groupId(group));
    if (readOnlyGroup !== undefined)
      await this.#server.listen(readSocketOf(controlSocket), 'read', groupId(readOnlyGroup));
    if (userPasswords) await this.#server.listen(passwordSocketOf(controlSocket), 'own', undefined);
    for (const { path, rights, group: ofQueue, queue } of queueSockets(config))
      await this.#server.listen(path, rights, groupId(ofQueue), queue);
    await this.#statistics.configure(config.statistics);
  }

  take(batch: readonly Response[]): void {
    for (const response of batch) this.#source.answered(response);
  }

  managerLost(): void {
    this.#source.lost();
  }

  async configure(config: Config): Promise<readonly string[]> {
    this.#config = config;
    this.#stores.configure(storeSettings(config));
    const { all } = this.#stores;
    followReaders(this.#reader, all);
    if (all.length > 1) this.#salvager.follow(all.map(({ directory }) => directory));
    await this.#statistics.configure(config.statistics);
    return [];
  }

  drain(): void {
    // Nothing to do: operators are answered until the end of the stop.
  }

  async stop(): Promise<void> {
    this.#statistics.close();
    this.#server.close();
    this.#source.close();
    this.#reader.close();
    this.#salvager.close();
    this.#link.close();
    await Promise.resolve();
  }
}
