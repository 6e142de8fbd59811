// Makes the watch over mail that could go and does not, from the parts of the manager that it needs.

import type { DatedClock } from '../io/steady-clock.ts';
import { deliverySettings } from '../settings/settings.ts';
import type { InForce } from './in-force.ts';
import type { LastHandshakes } from './last-handshakes.ts';
import type { Manager } from './manager.ts';
import { type OverdueParts, OverdueWatch } from './overdue-watch.ts';

export interface OverdueSurroundings extends Pick<OverdueParts, 'scheduler' | 'timers' | 'troubles'> {
  readonly clock: Pick<DatedClock, 'nowMs'>;
  readonly manager: Pick<Manager, 'inHand'>;
  readonly handshakes: Pick<LastHandshakes, 'hopOf'>;
  readonly inForce: Pick<InForce, 'config'>;
}

export function openOverdueWatch(around: OverdueSurroundings): OverdueWatch {
  const { clock, handshakes, inForce, manager } = around;
  return new OverdueWatch({
    ...around,
    nowMs: clock.nowMs,
    inHand: () => manager.inHand(),
    hostOf: (connection) => handshakes.hopOf(connection)?.host,
    timeouts: () => deliverySettings(inForce.config).timeouts,
  });
}
