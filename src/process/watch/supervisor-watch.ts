// Lets the control process notice a supervisor that is stopped by a signal or hangs: it restarts no process and passes on no
// troubles, and no other process would say so. Beats without a ping are counted, not time, so that a control process that was
// stopped itself, or a clock that was set, is not taken for silence of the supervisor.

import type { Logger } from '../../log/logger.ts';
import type { ReportedTrouble } from '../../stats/trouble-board.ts';
import { beatEveryMs, Heartbeat } from './heartbeat.ts';

export class SupervisorWatch {
  readonly #log: Pick<Logger, 'error' | 'info'>;
  readonly #pid: number;
  #heartbeat = new Heartbeat();
  #trouble: ReportedTrouble | undefined;

  /** @param pid - process id of the supervisor */
  constructor(log: Pick<Logger, 'error' | 'info'>, pid: number) {
    this.#log = log;
    this.#pid = pid;
  }

  /** Calls `look` once a second from now on. */
  start(): void {
    setInterval(() => this.look(), beatEveryMs).unref();
  }

  /** Counts a beat; raises the trouble once the supervisor has been silent for too long. */
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

  /** A message of the supervisor has come; it pings once a second. */
  heard(): void {
    this.#heartbeat.answered();
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#log.info(`the supervisor process (${this.#pid}) goes on`);
  }

  /** The trouble of a supervisor that is silent now; else none. */
  get troubles(): readonly ReportedTrouble[] {
    return this.#trouble === undefined ? [] : [this.#trouble];
  }
}
