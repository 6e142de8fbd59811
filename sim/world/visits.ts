// Visits in a world: connections without mail to some domain, at any time, for a while. Destinations count them like those with mail.

import type { Random } from '../../src/schedule/store/random.ts';
import type { World } from './world.ts';

/** Begins so many visits in a span of the world, each from moments to minutes long. */
export function someVisits(world: World, random: Random, count: number, around: VisitedNames): void {
  const { clock } = world;
  const startMs = clock.nowMs;
  for (let number = 0; number < count; number++) {
    const domain = around.domains[random.below(around.domains.length)]!;
    const tenant = around.tenants[random.below(around.tenants.length)]!;
    const forMs = random.below(random.next() < 0.5 ? 200 : 60_000);
    clock.at(startMs + random.below(around.spanMs), () => visit(world, domain, tenant, forMs));
  }
}

export interface VisitedNames {
  readonly domains: readonly string[];
  readonly tenants: readonly string[];
  readonly spanMs: number;
}

function visit(world: World, domain: string, tenant: string, forMs: number): void {
  const { books, clock, scheduler, simulation } = world;
  const key = `mx:${domain}`;
  const plan = simulation.network.plan(key, clock.nowMs);
  if (plan.kind !== 'relay') return;
  // What waits may go by what the call has found out, so the visit is counted before that is carried out.
  const found = scheduler.visit({ key, domain, tenant, plan, except: new Set() }, clock.nowMs);
  if (found === undefined) {
    simulation.settle();
    return;
  }
  const { connection, hop, source } = found;
  const seen = { connection, hop, site: plan.site, source };
  books.visited(seen, { domain, tenant, site: plan.site, mx: hop.host, ip: hop.ip, source }, clock.nowMs);
  simulation.settle();
  clock.at(clock.nowMs + forMs, () => {
    // Whoever visits ends with the manager.
    if (world.scheduler === scheduler) {
      books.closed(seen);
      world.call(() => scheduler.visitEnded(connection, clock.nowMs));
    }
  });
}
