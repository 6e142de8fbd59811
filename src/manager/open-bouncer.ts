// Makes the part that writes reports, from the parts of the manager that it needs.

import type { DatedClock } from '../io/steady-clock.ts';
import type { SpoolWriter } from '../spool/types.ts';
import { Bouncer, type BouncerParts } from './bouncer.ts';
import type { InForce } from './in-force.ts';
import type { ManagerEvents } from './manager-events.ts';
import { writerTo } from './open-store.ts';
import type { RouterInForce } from './ports.ts';
import { delimitersFor } from './route-of.ts';

type Given = 'happenings' | 'log' | 'news' | 'reader' | 'signing' | 'srs' | 'tallies' | 'timers' | 'troubles';

export interface OpenBouncerParts extends Pick<BouncerParts, Given> {
  readonly inForce: Pick<InForce, 'bounce'>;
  readonly routing: RouterInForce;
  readonly clock: Pick<DatedClock, 'systemMs'>;
  /** By the number of the store. */
  readonly writers: readonly SpoolWriter[];
  readonly events: ManagerEvents;
}

export function openBouncer(parts: OpenBouncerParts): Bouncer {
  const { inForce, routing, clock, writers, events } = parts;
  return new Bouncer({
    ...parts,
    settings: () => inForce.bounce,
    verpOf: (envelope, recipient) => delimitersFor(routing, envelope, recipient),
    dateMs: clock.systemMs,
    writerOf: ({ store: number }) => writerTo(writers, number),
    submit: (message) => events.post({ kind: 'reported', message }),
  });
}
