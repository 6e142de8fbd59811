// Looks up the plans of routes: at most `maxAtOnce` at a time, the rest wait here as names. A look-up that fails because no
// name server answers is repeated when one does, and counts as no attempt.

import type { RoutePlan } from '../route/types.ts';
import { WaitingLine } from '../dns/waiting-line.ts';
import type { RouterInForce } from './ports.ts';

/**
 * Enough to keep the resolver busy while thousands of names get no answer: each look-up has one question or a few on the wire
 * at a time.
 */
const maxAtOnce = 12_000;

/** A route as the scheduler asks for it. */
interface Asked {
  /** The scheduler's name of the route. */
  readonly route: string;
  readonly key: string;
}

export interface LookupsParts {
  readonly routing: RouterInForce;
  /** Scheduler time. */
  readonly nowMs: () => number;
  /** Called with a plan that was not known when `ask` was called. */
  readonly resolved: (route: string, plan: RoutePlan) => void;
  /** Most look-ups at once; `maxAtOnce` if not given. */
  readonly most?: number;
}

export class Lookups {
  readonly #nowMs: () => number;
  readonly #resolved: LookupsParts['resolved'];
  readonly #most: number;
  readonly #routing: RouterInForce;
  #underWay = 0;
  readonly #line = new WaitingLine<Asked>();
  /** Look-ups that wait for a name server to answer. */
  #stranded: Asked[] = [];
  #isOutage = false;
  #isStopped = false;

  constructor({ routing, nowMs, resolved, most = maxAtOnce }: LookupsParts) {
    this.#routing = routing;
    this.#nowMs = nowMs;
    this.#resolved = resolved;
    this.#most = most;
  }

  /** Number of routes that wait for a name server to answer. */
  get stranded(): number {
    return this.#stranded.length;
  }

  /** The plan if it is cached; otherwise it is looked up, and `resolved` is called later. */
  ask(route: string, key: string): RoutePlan | undefined {
    const cached = this.#routing.router.cached(key, this.#nowMs());
    if (cached !== undefined) return cached;
    if (this.#underWay >= this.#most) this.#line.push({ route, key });
    else this.#start({ route, key });
    return undefined;
  }

  /** Set while no name server answers. */
  set isOutage(isOutage: boolean) {
    this.#isOutage = isOutage;
    if (!isOutage) this.goOn();
  }

  /** From now on `resolved` is not called: look-ups that a stop breaks off are no attempts. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Repeats the look-ups that wait for a name server: one answers again, or the router is another one. */
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
      // A resolver that was replaced breaks off its questions: that says nothing about the route.
      const isBrokenOff = router !== this.#routing.router && plan.kind === 'error' && !plan.permanent;
      if (isBrokenOff) this.#line.push(asked);
      else if (plan.kind !== 'error' || plan.waitsForDns !== true) this.#resolved(asked.route, plan);
      else if (this.#isOutage) this.#stranded.push(asked);
      else this.#line.push(asked);
      this.#startNext();
    });
  }
}
