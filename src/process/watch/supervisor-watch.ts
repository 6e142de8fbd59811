// Whether the supervisor lives, as the control process sees it: a supervisor that is stopped or hangs starts nothing again
// and tells no troubles, and nobody else would say so. Looks without a sign of life are counted, not time: that a control
// process was stopped itself, or a clock was set, is no silence of the supervisor's.

import type { Logger } from '../../log/logger.ts';
import type { ReportedTrouble } from '../../stats/trouble-board.ts';
import { beatEveryMs, Heartbeat } from './heartbeat.ts';

export class SupervisorWatch {
  readonly #log: Pick<Logger, 'error' | 'info'>;
  readonly #pid: number;
  #heartbeat = new Heartbeat();
  #trouble: ReportedTrouble | undefined;

  /** @param pid - of the supervisor */
  constructor(log: Pick<Logger, 'error' | 'info'>, pid: number) {
    this.#log = log;
    this.#pid = pid;
  }

  /** Looks once a second from now on. */
  start(): void {
    setInterval(() => this.look(), beatEveryMs).unref();
  }

  look(): void {
    this.#heartbeat.beat();
    if (!this.#heartbeat.isStalled || this.#trouble !== undefined) return;
    this.#log.error(`the supervisor process (${this.#pid}) gives no sign of life`);
    this.#trouble = {
      key: 'role:supervisor',
      level: 'critical',
      text: `The supervisor process (${this.#pid}) gives no sign of life: it is stopped by a signal, or hangs. No process that ends is started again, and what is wrong in the other processes is not told.`,
      advice: `kill -CONT ${this.#pid} wakes one that was stopped. If it does not help, restart Sluice (kill -9 ${this.#pid} ends the supervisor, and all others with it).`,
      sinceMs: Date.now(),
      processes: ['control'],
    };
  }

  /** The supervisor has said something; it pings once a second. */
  heard(): void {
    this.#heartbeat.answered();
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#log.info(`the supervisor process (${this.#pid}) goes on`);
  }

  /** While it is silent. */
  get troubles(): readonly ReportedTrouble[] {
    return this.#trouble === undefined ? [] : [this.#trouble];
  }
}
