// Opens the clock of a manager, and posts when the system's clock was set.

import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';
import { ClockWatch } from './clock-watch.ts';
import type { ManagerEvents } from './manager-events.ts';
import type { Machine } from './ports.ts';

export interface ClockParts {
  readonly config: Pick<Config, 'spool'>;
  readonly machine: Machine;
  readonly log: Logger;
  readonly troubles: Troubles;
}

export function openClock(
  { config, machine, log, troubles }: ClockParts,
  events: ManagerEvents,
): Promise<ClockWatch> {
  return ClockWatch.open({
    path: join(config.spool, 'clock.json'),
    files: machine.files,
    timers: machine.timers,
    log,
    troubles,
    boot: machine.bootId,
    monotonic: machine.bootMs,
    date: machine.dateMs,
    changed: (shiftMs, byMs) => events.post({ kind: 'dates', shiftMs, byMs }),
  });
}
