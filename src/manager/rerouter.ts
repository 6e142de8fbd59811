// Moves waiting mail to the routes of a new routing table after a reload. The queue is walked in pieces, so that deliveries go
// on. Recipients in flight are looked at again later.

import { nextTurn, type Timers } from '../io/timers.ts';
import { chooserOf, withoutChoice } from '../route/choice.ts';
import { isOfCopies } from '../route/copies.ts';
import { demandOf, withoutDemand } from '../route/security/demand.ts';
import type { RouteKey, Router } from '../route/types.ts';
import type { MessageHandle, NewRoute, QueuedRecipient, Scheduler } from '../schedule/types.ts';
import type { Envelope } from '../message/envelope.ts';
import type { AskedRoutes } from './plugins/asked-routes.ts';
import { AskingAgain } from './plugins/asking-again.ts';
import type { RouterInForce } from './ports.ts';
import { routeFor } from './route-of.ts';

/** Recipients that are looked at in one piece. */
const pieceRecipients = 1_000;

/** Pause before recipients that were in flight are looked at again. */
const flightMs = 5_000;

export interface RerouteParts {
  readonly scheduler: Scheduler;
  /** The envelope of a message that waits; undefined when it is done or cannot be read. */
  readonly envelope: (queueId: string) => Promise<Envelope | undefined>;
  /** Called after each piece: carries out the scheduler's effects. */
  readonly changed: () => void;
  readonly routing: RouterInForce;
  readonly asked: AskedRoutes;
  readonly timers: Timers;
  /** Scheduler time. */
  readonly nowMs: () => number;
}

export class Rerouter {
  readonly #parts: RerouteParts;
  readonly #again: AskingAgain;
  #run = 0;

  constructor(parts: RerouteParts) {
    this.#parts = parts;
    this.#again = new AskingAgain(parts);
  }

  /** Walks the whole queue; a later call ends an earlier one. Resolves when no recipient has an old route. */
  async reroute(): Promise<void> {
    const { router } = this.#parts.routing;
    const run = ++this.#run;
    this.#again.begin();
    let complete = await this.#sweep(router, run);
    // Only after the walk: a route that the new table does not have must not be looked up while mail still has it.
    this.#parts.scheduler.routesChanged(this.#parts.nowMs());
    this.#parts.changed();
    for (; run === this.#run && !complete; complete = await this.#sweep(router, run)) {
      await new Promise<void>((resolve) => {
        this.#parts.timers.setTimeout(resolve, flightMs).unref();
      });
    }
  }

  stop(): void {
    this.#run++;
  }

  /** Resolves to false when a recipient in flight may still have an old route. */
  async #sweep(router: Router, run: number): Promise<boolean> {
    let complete = true;
    let seen = 0;
    for (const row of this.#parts.scheduler.recipients()) {
      if (++seen % pieceRecipients === 0) {
        this.#parts.changed();
        await nextTurn(this.#parts.timers);
      }
      // A later run has another table: this one would move mail back.
      if (run !== this.#run) return true;
      if (!(await this.#move(row, router, run))) complete = false;
    }
    this.#parts.changed();
    return complete;
  }

  /** Moves a recipient if its route is another one now. Resolves to false when it has to move and cannot yet. */
  async #move(row: QueuedRecipient, router: Router, run: number): Promise<boolean> {
    // Plugins that route are asked again.
    if (this.#again.concerns(row)) return this.#again.ask(row);
    const wanted = await this.#wanted(row, router);
    if (wanted === undefined || run !== this.#run) return true;
    if (wanted.key === row.route) return true;
    const message = this.#stillThere(row);
    if (message === undefined) return true;
    const next: NewRoute = { route: wanted.key, domain: wanted.domain };
    return this.#parts.scheduler.reroute(message, new Map([[row.recipient, next]]), this.#parts.nowMs());
  }

  /** The route by the table; undefined when the message is done. The envelope is read only if the route depends on it. */
  async #wanted(row: QueuedRecipient, router: Router): Promise<RouteKey | undefined> {
    const key = withoutDemand(row.route);
    const facts = { tlsDemand: demandOf(row.route), isCopy: isOfCopies(withoutChoice(key)) };
    if (!router.looksAtSenders && chooserOf(key) === undefined)
      return routeFor(router, { ...facts, reversePath: '', address: `x@${row.domain}`, chosen: undefined });
    const envelope = await this.#parts.envelope(row.queueId);
    if (envelope === undefined) return undefined;
    const { address = '', route: chosen } = envelope.recipients[row.recipient] ?? {};
    return routeFor(router, { ...facts, reversePath: envelope.reversePath, address, chosen });
  }

  /** While the envelope was read, the message may have ended, and its handle may belong to another one. */
  #stillThere({ message, queueId }: QueuedRecipient): MessageHandle | undefined {
    return this.#parts.scheduler.isQueued(message, queueId) ? message : undefined;
  }
}
