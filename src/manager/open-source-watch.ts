// Makes the watch over our own addresses, from the parts of the manager that it needs, and has it look once.

import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { InForce } from './in-force.ts';
import type { ManagerEvents } from './manager-events.ts';
import type { Machine } from './ports.ts';
import { SourceWatch } from './source-watch.ts';

export interface SourceSurroundings {
  readonly inForce: Pick<InForce, 'config'>;
  readonly machine: Pick<Machine, 'bind' | 'timers'>;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly events: Pick<ManagerEvents, 'post'>;
}

export async function openSourceWatch({
  inForce,
  machine,
  log,
  troubles,
  events,
}: SourceSurroundings): Promise<SourceWatch> {
  const watch = new SourceWatch({
    config: () => inForce.config,
    timers: machine.timers,
    log,
    troubles,
    bind: machine.bind,
    changed: (areLacking) => events.post({ kind: 'sources', areLacking }),
  });
  await watch.look();
  return watch;
}
