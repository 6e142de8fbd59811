// A running Sluice, whether its roles have processes of their own or share one.

import type { Config } from '../../config/config.ts';
import type { QueueStateAnswer, QueueStateQuestion } from '../../control/operations/queue-state.ts';
import type { GivenSocket, ReloadAnswer, RoleFacts } from '../../channel/messages.ts';
import type { Logger } from '../../log/logger.ts';
import type { ReportedTrouble } from '../../stats/trouble-board.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Desks } from './desks.ts';

/** `stop` was called before all roles ran. */
export class StartBrokenOff extends Error {
  constructor() {
    super('the start was broken off by a stop');
  }
}

export interface Health {
  /** What is wrong now, in all processes, the worst first. */
  readonly troubles: readonly ReportedTrouble[];
  /** Every process answers, or is being ended and started again. Else only a restart of all of Sluice may help. */
  readonly isWell: boolean;
}

/** Who answers a configuration, and how long that is waited for. */
export interface ConfigureHow {
  /** Ms. Default: 5 s. */
  readonly waitMs?: number;
  /** Senders and the control process answer, too. */
  readonly isForAll?: true;
}

export interface Instance {
  readonly health: Health;
  /** Starts every role; resolves when all of them run. @throws {StartBrokenOff} when `stop` is called before */
  start(): Promise<RoleFacts>;
  /**
   * Applies a configuration that has been checked. Never rejects.
   * @returns when all listeners are open or have failed: for each that is not open, a sentence that says why
   */
  configure(config: Config, how?: ConfigureHow): Promise<readonly string[]>;
  /** Makes the processes of the roles open the log file again. */
  reopenLog(): void;
  /** Answers the operators who asked for a reload. */
  reloaded(answer: ReloadAnswer): void;
  /**
   * Ends all roles, also while they are being started: a recovery of the queue is broken off, as if its process was killed. Then
   * `start` rejects, and this process has to end, because all roles may be in it.
   * @throws {SluiceError} when outcomes of deliveries may not be stored: their messages may be delivered again
   */
  stop(graceMs: number): Promise<void>;
}

/** What an instance works with. */
export interface InstanceParts {
  readonly log: Logger;
  readonly events: InstanceEvents;
  /** Those of this process. */
  readonly troubles: Troubles;
  readonly desks: Desks;
  /** Sockets that the service manager has handed over to this process; none unless given. */
  readonly handed?: readonly GivenSocket[] | undefined;
}

/** What an instance asks of its owner, which holds the configuration. */
export interface InstanceEvents {
  reload(): void;
  reopenLog(): void;
  /** Stops or starts a queue for an operator. Never rejects. */
  setQueue(question: QueueStateQuestion): Promise<QueueStateAnswer>;
}
