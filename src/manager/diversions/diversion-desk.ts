// Diversions as a whole in the manager: those in force, the storms that begin and end them, and the receivers that are told of them.

import { join } from 'node:path';

import type { Config } from '../../config/config.ts';
import type { AddedDiversion, NewDiversion } from '../../control/operations/diversions.ts';
import type { Logger } from '../../log/logger.ts';
import type { StoreState } from '../../spool/types.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Diversion } from '../../values/diversion.ts';
import { defaultQueue } from '../../values/queue-name.ts';
import type { ClockWatch } from '../clock-watch.ts';
import type { InForce } from '../in-force.ts';
import type { Machine } from '../ports.ts';
import { ReceiverCalls } from '../receiver-calls.ts';
import { stormRules } from '../../settings/diversions.ts';
import type { RoleCounters } from '../role-counters.ts';
import { diversionWarnings } from './diversion-warnings.ts';
import { Diversions } from './diversions.ts';
import type { Storms } from './storms.ts';

export interface DiversionDeskParts {
  readonly machine: Pick<Machine, 'files' | 'timers'>;
  readonly inForce: Pick<InForce, 'config'>;
  readonly clockWatch: Pick<ClockWatch, 'clock' | 'endsMs'>;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly storms: Storms;
  readonly counters: Pick<RoleCounters, 'sum'>;
}

export class DiversionDesk {
  readonly receivers: ReceiverCalls;
  readonly diversions: Diversions;
  readonly #storms: Storms;
  readonly #inForce: DiversionDeskParts['inForce'];

  private constructor(
    receivers: ReceiverCalls,
    diversions: Diversions,
    { storms, inForce }: Pick<DiversionDeskParts, 'storms' | 'inForce'>,
  ) {
    this.#inForce = inForce;
    this.#storms = storms;
    this.receivers = receivers;
    this.diversions = diversions;
  }

  /** Reads those in force at the last stop. */
  static async open(parts: DiversionDeskParts): Promise<DiversionDesk> {
    const { machine, inForce, clockWatch, log, troubles, storms, counters } = parts;
    const tell = (list: readonly Diversion[]): Promise<void> => {
      storms.listChanged(list);
      return receivers.askAll('divert.set', { diversions: list });
    };
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
    const { timers } = machine;
    const { nowMs } = clockWatch.clock;
    storms.open({ diversions, timers, nowMs, troubles, log, counters }, stormRules(inForce.config));
    return new DiversionDesk(receivers, diversions, parts);
  }

  /** As `Diversions.add`, for an operator. @param states - of the stores, by their numbers; undefined where there is one alone */
  async add(
    diversion: NewDiversion,
    states: readonly Pick<StoreState, 'state'>[] = [],
  ): Promise<AddedDiversion> {
    const added = await this.diversions.add(diversion);
    const { config } = this.#inForce;
    const store = config.queues.findIndex(({ name }) => name === diversion.queue) + 1;
    const warnings = diversionWarnings(diversion, config, states[store]?.state === 'stopped');
    return warnings.length === 0 ? added : { ...added, warnings };
  }

  configure(config: Config): void {
    this.#storms.configure(stormRules(config));
  }

  close(): Promise<void> {
    this.#storms.close();
    return this.diversions.close();
  }
}
