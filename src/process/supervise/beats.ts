// The supervisor's beat: pings every process once a second, and ends those that do not answer.

import type { CrashConfig } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import { formatDuration } from '../../values/duration.ts';
import type { AwaitedSenders } from './awaited-senders.ts';
import { type Child, tell } from './child.ts';
import { endStalled, markSilence } from './end-stalled.ts';
import type { RoleReports } from './role-reports.ts';

export interface BeatsParts {
  /** The roles that there are now. */
  readonly children: readonly Child[];
  /** Sender processes that the manager waits for before it grants anything. */
  readonly awaited: AwaitedSenders;
  readonly reports: RoleReports;
  readonly log: Logger;
}

export class Beats {
  readonly #parts: BeatsParts;

  constructor(parts: BeatsParts) {
    this.#parts = parts;
  }

  /** Ends a process that does not answer: at once if the manager waits for it, otherwise after `unresponsiveAfter`. */
  beat({ unresponsiveAfter, cores }: CrashConfig, isStopping: boolean): void {
    const { children, awaited } = this.#parts;
    if (isStopping) {
      // All processes have the grace, even if they do not answer. Pings tell the control process that the supervisor lives.
      for (const child of children) if (child.heartbeat.beat()) tell(child, { kind: 'ping' });
      return;
    }
    const manager = children.find(({ name }) => name === 'manager');
    awaited.beat(manager?.facts !== undefined && !manager.heartbeat.isStalled);
    for (const child of children) {
      if (child.process === undefined) continue;
      if (child.heartbeat.beat()) tell(child, { kind: 'ping' });
      markSilence(child);
      if (awaited.mustEnd(child.serial, child.heartbeat)) {
        this.#end(child, 'the manager has to know its connections, and it does not tell', false);
        continue;
      }
      // Recovering a large queue is one long piece of work.
      const isRecovering = child.name === 'manager' && child.facts === undefined;
      if (!child.heartbeat.isStalled || isRecovering) continue;
      if (!child.isStalled) this.#foundSilent(child);
      if (child.heartbeat.isLost(unresponsiveAfter))
        this.#end(child, `it has not answered for ${formatDuration(unresponsiveAfter)}`, cores);
    }
  }

  /** The process has answered a ping. */
  answered(child: Child): void {
    child.heartbeat.answered();
    if (!child.isStalled) return;
    child.isStalled = false;
    this.#parts.reports.well(child);
    this.#parts.log.info(`the ${child.name} process answers again`);
  }

  #foundSilent(child: Child): void {
    this.#parts.reports.stalled(child, child.process?.pid);
    child.isStalled = true;
  }

  #end(child: Child, why: string, wantsCore: boolean): void {
    endStalled(child, why, { log: this.#parts.log, wantsCore });
  }
}
