// Visits in a world: connections without mail to some domain, at any time, for a while; some at once or never, others as soon as there is room.
// Destinations count them like those with mail.

import type { Random } from '../../src/schedule/store/random.ts';
import type { Effect } from '../../src/schedule/types.ts';
import type { Visit, VisitTarget } from '../../src/schedule/store/visit-types.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { check } from './ledger.ts';
import type { World } from './world.ts';

export interface VisitedNames {
  readonly domains: readonly string[];
  readonly tenants: readonly string[];
  readonly spanMs: number;
}

interface Waiting {
  readonly target: VisitTarget;
  readonly forMs: number;
}

export class Visits extends Witness {
  #world: World | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #lastNumber = 0;

  /** Begins so many visits in a span of the world, each from moments to minutes long. */
  plan(world: World, random: Random, count: number, { domains, spanMs, tenants }: VisitedNames): void {
    this.#world = world;
    const { clock } = world;
    const startMs = clock.nowMs;
    for (let number = 0; number < count; number++) {
      const domain = domains[random.below(domains.length)]!;
      const tenant = tenants[random.below(tenants.length)]!;
      const forMs = random.below(random.next() < 0.5 ? 200 : 60_000);
      const waits = random.next() < 0.5;
      clock.at(startMs + random.below(spanMs), () => this.#begin(world, domain, tenant, { forMs, waits }));
    }
  }

  override effect(effect: Effect): void {
    if (effect.kind !== 'visit') return;
    const waiting = this.#waiting.get(effect.number);
    check(waiting !== undefined, () => 'a visit begins that nobody waits for');
    this.#waiting.delete(effect.number);
    if (effect.visit !== undefined) this.#begun(effect.visit, waiting);
  }

  #begin(world: World, domain: string, tenant: string, how: { forMs: number; waits: boolean }): void {
    const { clock, scheduler, simulation } = world;
    const key = `mx:${domain}`;
    const plan = simulation.network.plan(key, clock.nowMs);
    if (plan.kind !== 'relay') return;
    const target = { key, domain, tenant, plan, except: new Set<string>() };
    const waiting = { target, forMs: how.forMs };
    if (how.waits) {
      const number = ++this.#lastNumber;
      this.#waiting.set(number, waiting);
      world.call(() => scheduler.awaitVisit(number, target, clock.nowMs));
      simulation.later(60_000, () => {
        if (this.#waiting.delete(number)) world.scheduler.forgetVisit(number);
      });
      return;
    }
    const visit = scheduler.visit(target, clock.nowMs);
    // Counted before that is carried out for which the call has found room.
    if (visit !== undefined) this.#begun(visit, waiting);
    simulation.settle();
  }

  #begun({ connection, hop, source }: Visit, { forMs, target }: Waiting): void {
    const world = this.#world!;
    const { books, clock, scheduler, simulation } = world;
    const { domain, plan, tenant } = target;
    const seen = { connection, hop, site: plan.site, source };
    books.visited(seen, { domain, tenant, site: plan.site, mx: hop.host, ip: hop.ip, source }, clock.nowMs);
    // Whoever visits ends with the manager.
    simulation.later(forMs, () => {
      books.closed(seen);
      world.call(() => scheduler.visitEnded(connection, clock.nowMs));
    });
  }
}
