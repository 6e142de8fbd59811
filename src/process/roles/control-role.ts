// The control process: answers operators over the control socket. Mail flows without it.

import type { Config } from '../../config/config.ts';
import type {
  ExplainAnswer,
  ExplainQuestion,
  LimitsAnswer,
  LimitsQuestion,
  ManagerStatus,
  OverrideChange,
  OverrideEnd,
  OverrideEndAnswer,
  QueueAction,
  StatusQuestion,
} from '../../control/control-protocol.ts';
import { ControlError } from '../../control/control-error.ts';
import { ControlServer, type Reload } from '../../control/control-server.ts';
import type { ClockSource, OperatorSource } from '../../control/operator-source.ts';
import type { Override } from '../../control/override.ts';
import { QueueQuery } from '../../control/queue-query.ts';
import type { QueueFilter } from '../../control/queue-row.ts';
import type { ChosenRecipient, QueuePage, QueueSource } from '../../control/queue-source.ts';
import { StatusDesk } from '../../control/status-desk.ts';
import { openSpoolReader } from '../../spool/open.ts';
import type { SpoolReader } from '../../spool/types.ts';
import type { ReportedTrouble } from '../../stats/trouble-board.ts';
import type { Link } from '../link.ts';
import type { Request, Response, RoleFacts } from '../messages.ts';
import type { Role } from '../role.ts';

type Settle = { resolve: (result: unknown) => void; reject: (error: Error) => void };

/** Asks the manager over the link; every request gets its answer or an error when the link is lost. */
class LinkedSource implements QueueSource, OperatorSource, ClockSource {
  readonly #link: Link<Request>;
  readonly #pending = new Map<number, Settle>();
  #nextId = 1;

  constructor(link: Link<Request>) {
    this.#link = link;
  }

  page(filter: QueueFilter, cursor: number | undefined): Promise<QueuePage> {
    return this.#ask('page', { filter, cursor }) as Promise<QueuePage>;
  }

  change(action: QueueAction, recipients: readonly ChosenRecipient[]): Promise<number> {
    return this.#ask('change', { action, recipients }) as Promise<number>;
  }

  status(question: StatusQuestion): Promise<ManagerStatus> {
    return this.#ask('status', question) as Promise<ManagerStatus>;
  }

  ping(): Promise<unknown> {
    return this.#ask('ping', {});
  }

  explain(question: ExplainQuestion): Promise<ExplainAnswer> {
    return this.#ask('explain', question) as Promise<ExplainAnswer>;
  }

  limits(question: LimitsQuestion): Promise<LimitsAnswer> {
    return this.#ask('limits', question) as Promise<LimitsAnswer>;
  }

  overrides(): Promise<readonly Override[]> {
    return this.#ask('override.list', {}) as Promise<readonly Override[]>;
  }

  setOverrides(change: OverrideChange): Promise<readonly Override[]> {
    return this.#ask('override.set', change) as Promise<readonly Override[]>;
  }

  unsetOverrides(end: OverrideEnd): Promise<OverrideEndAnswer> {
    return this.#ask('override.unset', end) as Promise<OverrideEndAnswer>;
  }

  confirmClock(): Promise<number | null> {
    return this.#ask('clock.confirm', {}) as Promise<number | null>;
  }

  answered(response: Response): void {
    const settle = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if ('error' in response) {
      const { code, message, advice } = response.error;
      settle?.reject(new ControlError(code, message, advice));
    } else settle?.resolve(response.result);
  }

  lost(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    const error = new ControlError(
      'MANAGER_LOST',
      'The manager process is being restarted.',
      'Try again in a moment.',
    );
    for (const { reject } of pending) reject(error);
  }

  #ask(operation: string, parameters: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      this.#link.post({ kind: 'request', id, operation, parameters });
    });
  }
}

export class ControlRole implements Role {
  readonly facts: RoleFacts = {};
  readonly #link: Link<Request>;
  readonly #reader: SpoolReader;
  readonly #source: LinkedSource;
  readonly #server: ControlServer;

  /**
   * @param reload - asks whoever holds the configuration to read it again
   * @param troubles - what is wrong in all processes right now
   */
  constructor(
    config: Config,
    link: Link<Request>,
    reload: Reload,
    troubles: () => readonly ReportedTrouble[],
  ) {
    this.#link = link;
    this.#reader = openSpoolReader({ directory: config.spool });
    this.#source = new LinkedSource(link);
    this.#server = new ControlServer(
      new QueueQuery(this.#source, this.#reader),
      this.#source,
      new StatusDesk({ manager: this.#source, troubles }),
      reload,
    );
  }

  async listen(path: string): Promise<void> {
    await this.#server.listen(path);
  }

  take(batch: readonly Response[]): void {
    for (const response of batch) this.#source.answered(response);
  }

  managerLost(): void {
    this.#source.lost();
  }

  configure(): void {
    // Nothing of the configuration that may change while running concerns this role.
  }

  drain(): void {
    // Operators may watch Sluice stop.
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#source.lost();
    this.#reader.close();
    this.#link.close();
    await Promise.resolve();
  }
}
