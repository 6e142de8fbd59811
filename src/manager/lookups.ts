// Routes on their way to their plans: at most so many are looked up at once, the rest waits here as names. What cannot be
// looked up because no name server answers waits for one that does; that is no attempt.

import type { RoutePlan } from '../route/types.ts';
import { WaitingLine } from '../dns/waiting-line.ts';
import type { RouterInForce } from './ports.ts';

/**
 * Enough to keep the resolver busy while thousands of names are asked for in vain: each has a question on the wire at a
 * time, or a few.
 */
const mostAtOnce = 12_000;

/** A route as the scheduler asks for it. */
interface Asked {
  /** The scheduler's own name of it. */
  readonly route: string;
  readonly key: string;
}

export interface LookupsParts {
  readonly routing: RouterInForce;
  /** Scheduler time. */
  readonly nowMs: () => number;
  /** Told what was not known when it was asked for. */
  readonly resolved: (route: string, plan: RoutePlan) => void;
  /** Look-ups at once; `mostAtOnce` unless a test says less. */
  readonly most?: number;
}

export class Lookups {
  readonly #nowMs: () => number;
  readonly #resolved: LookupsParts['resolved'];
  readonly #most: number;
  readonly #routing: RouterInForce;
  #underWay = 0;
  readonly #line = new WaitingLine<Asked>();
  /** For a name server that answers. */
  #stranded: Asked[] = [];
  #isOutage = false;
  #isStopped = false;

  constructor({ routing, nowMs, resolved, most = mostAtOnce }: LookupsParts) {
    this.#routing = routing;
    this.#nowMs = nowMs;
    this.#resolved = resolved;
    this.#most = most;
  }

  /** Routes that wait for a name server. */
  get stranded(): number {
    return this.#stranded.length;
  }

  /** The plan, if it is known; else it is looked up, and told later. */
  ask(route: string, key: string): RoutePlan | undefined {
    const cached = this.#routing.router.cached(key, this.#nowMs());
    if (cached !== undefined) return cached;
    if (this.#underWay >= this.#most) this.#line.push({ route, key });
    else this.#start({ route, key });
    return undefined;
  }

  /** No name server answers, or one does again. */
  set isOutage(isOutage: boolean) {
    this.#isOutage = isOutage;
    if (!isOutage) this.goOn();
  }

  /** From now on nobody is told anything: what breaks off now is no attempt. */
  stop(): void {
    this.#isStopped = true;
  }

  /** What was stranded is asked for again: there may be another router, with other name servers. */
  goOn(): void {
    const stranded = this.#stranded;
    this.#stranded = [];
    for (const asked of stranded) this.#line.push(asked);
    this.#startNext();
  }

  #startNext(): void {
    while (this.#underWay < this.#most) {
      const next = this.#line.shift();
      if (next === undefined) return;
      this.#start(next);
    }
  }

  #start(asked: Asked): void {
    const { router } = this.#routing;
    this.#underWay++;
    void router.resolve(asked.key).then((plan) => {
      this.#underWay--;
      if (this.#isStopped) return;
      // A resolver that was replaced breaks off what it was asked: that says nothing about the route.
      const isBrokenOff = router !== this.#routing.router && plan.kind === 'error' && !plan.permanent;
      if (isBrokenOff) this.#line.push(asked);
      else if (plan.kind !== 'error' || plan.waitsForDns !== true) this.#resolved(asked.route, plan);
      else if (this.#isOutage) this.#stranded.push(asked);
      else this.#line.push(asked);
      this.#startNext();
    });
  }
}
