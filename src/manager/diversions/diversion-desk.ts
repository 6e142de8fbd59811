// Diversions as a whole in the manager: those in force, and the receivers that are told of them.

import { join } from 'node:path';

import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Diversion } from '../../values/diversion.ts';
import { defaultQueue } from '../../values/queue-name.ts';
import type { ClockWatch } from '../clock-watch.ts';
import type { InForce } from '../in-force.ts';
import type { Machine } from '../ports.ts';
import { ReceiverCalls } from '../receiver-calls.ts';
import { Diversions } from './diversions.ts';

export interface DiversionDeskParts {
  readonly machine: Pick<Machine, 'files' | 'timers'>;
  readonly inForce: Pick<InForce, 'config'>;
  readonly clockWatch: Pick<ClockWatch, 'clock' | 'endsMs'>;
  readonly log: Logger;
  readonly troubles: Troubles;
}

export class DiversionDesk {
  readonly receivers: ReceiverCalls;
  readonly diversions: Diversions;

  private constructor(receivers: ReceiverCalls, diversions: Diversions) {
    this.receivers = receivers;
    this.diversions = diversions;
  }

  /** Reads those in force at the last stop. */
  static async open({
    machine,
    inForce,
    clockWatch,
    log,
    troubles,
  }: DiversionDeskParts): Promise<DiversionDesk> {
    const tell = (list: readonly Diversion[]): Promise<void> =>
      receivers.askAll('divert.set', { diversions: list });
    const diversions = await Diversions.open({
      path: join(inForce.config.spool, 'diversions.json'),
      files: machine.files,
      timers: machine.timers,
      log,
      troubles,
      dateMs: clockWatch.clock.dateMs,
      endsMs: clockWatch.endsMs,
      queues: () => [defaultQueue, ...inForce.config.queues.map(({ name }) => name)],
      tell,
    });
    // A receiver may know of some that have ended while it had no link. With one queue, nothing was ever diverted.
    const receivers: ReceiverCalls = new ReceiverCalls((ask) => {
      if (inForce.config.queues.length === 0) return;
      void ask('divert.set', { diversions: diversions.list }).catch(() => undefined);
    });
    return new DiversionDesk(receivers, diversions);
  }

  close(): Promise<void> {
    return this.diversions.close();
  }
}
