// Makes the part that writes reports, from the parts of the manager that it needs.

import { domainOf } from '../address/domain.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import { Bouncer, type BouncerParts } from './bouncer.ts';
import type { InForce } from './in-force.ts';
import type { ManagerEvents } from './manager-events.ts';
import type { ReportStores } from './report-stores.ts';
import type { RouterInForce } from './ports.ts';
import type { DomainDesk } from './provisioning/domain-desk.ts';
import { delimitersFor } from './route-of.ts';

type Given = 'happenings' | 'log' | 'news' | 'reader' | 'signing' | 'srs' | 'tallies' | 'timers' | 'troubles';

export interface OpenBouncerParts extends Pick<BouncerParts, Given> {
  readonly inForce: Pick<InForce, 'bounce' | 'config'>;
  readonly routing: RouterInForce;
  readonly clock: Pick<DatedClock, 'systemMs'>;
  readonly stores: ReportStores;
  readonly domains: Pick<DomainDesk, 'bounceRouteOf'>;
  readonly events: ManagerEvents;
}

export function openBouncer(parts: OpenBouncerParts): Bouncer {
  const { inForce, routing, clock, domains, stores, events } = parts;
  return new Bouncer({
    ...parts,
    settings: () => inForce.bounce,
    verpOf: (envelope, recipient) => delimitersFor(routing, envelope, recipient),
    routeFor: (address, store) =>
      domains.bounceRouteOf(domainOf(address)) ?? inForce.config.queues[store - 1]?.bounceRoute,
    dateMs: clock.systemMs,
    stores,
    submit: (message) => events.post({ kind: 'reported', message }),
  });
}
