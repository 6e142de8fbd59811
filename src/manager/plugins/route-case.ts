// The questions about recipients of one message that are under way together. Their answers are applied together, so that recipients which go the
// same way share a transaction; those that have come are not held up for more than a moment by one that hangs.

import type { Timer, Timers } from '../../io/timers.ts';
import type { ErrorPlan, RouteKey } from '../../route/types.ts';
import type { MessageHandle } from '../../schedule/types.ts';
import { answeredPlan, type Routed } from './routed.ts';

/** Answers wait for others of their message for so long. */
const togetherMs = 1_000;

export class RouteCase {
  readonly message: MessageHandle;
  readonly queueId: string;
  readonly #timers: Timers;
  readonly #apply: (routed: Routed) => void;
  #routes = new Map<number, () => RouteKey>();
  #plans = new Map<string, ErrorPlan>();
  #pending = 0;
  #timer: Timer | undefined;
  #isLate = false;

  constructor(message: MessageHandle, queueId: string, timers: Timers, apply: (routed: Routed) => void) {
    this.message = message;
    this.queueId = queueId;
    this.#timers = timers;
    this.#apply = apply;
  }

  /** One more question is under way. */
  opens(): void {
    this.#pending++;
  }

  /**
   * @param name - the scheduler's name of the route that stood for the question
   * @param way - is asked when the answers are applied
   */
  moves(name: string, recipient: number, way: () => RouteKey): void {
    this.#routes.set(recipient, way);
    this.#plans.set(name, answeredPlan);
    this.#closes();
  }

  /** The recipient waits or fails. */
  refused(name: string, plan: ErrorPlan): void {
    this.#plans.set(name, plan);
    this.#closes();
  }

  #closes(): void {
    this.#pending--;
    if (this.#pending === 0 || this.#isLate) this.#flush();
    else
      this.#timer ??= this.#timers
        .setTimeout(() => {
          this.#isLate = true;
          this.#flush();
        }, togetherMs)
        .unref();
  }

  #flush(): void {
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
    if (this.#plans.size === 0) return;
    const { message, queueId } = this;
    const routes = new Map(
      Array.from(this.#routes, ([recipient, way]) => {
        const { key, domain } = way();
        return [recipient, { route: key, domain }] as const;
      }),
    );
    const routed = { message, queueId, routes, plans: this.#plans };
    this.#routes = new Map();
    this.#plans = new Map();
    this.#apply(routed);
  }
}
