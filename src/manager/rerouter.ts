// Moves waiting mail to the routes that it has now, after a reload or a change of a table of routes. The queue is walked in pieces, so that deliveries go
// on. Recipients in flight are looked at again later.

import { nextTurn, type Timers } from '../io/timers.ts';
import { isAsked } from '../route/asked-key.ts';
import { chooserOf, withoutChoice } from '../route/choice.ts';
import { isOfCopies } from '../route/copies.ts';
import { demandOf, withoutDemand } from '../route/security/demand.ts';
import type { RouteKey } from '../route/types.ts';
import type { MessageHandle, NewRoute, QueuedRecipient, Scheduler } from '../schedule/types.ts';
import type { Envelope } from '../message/envelope.ts';
import type { AskedRoutes } from './plugins/asked-routes.ts';
import { AskingAgain } from './plugins/asking-again.ts';
import type { RouterInForce } from './ports.ts';
import { routeFor, wayFor } from './route-of.ts';

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

  /**
   * Walks the whole queue; a later call ends an earlier one. Resolves when no recipient has an old route.
   * @param walked - is called when all that was not in flight has its route
   */
  async reroute(walked?: () => void): Promise<void> {
    const run = ++this.#run;
    this.#again.begin();
    let complete = await this.#sweep(run);
    // Only after the walk: a route that the new table does not have must not be looked up while mail still has it.
    this.#parts.scheduler.routesChanged(this.#parts.nowMs());
    this.#parts.changed();
    walked?.();
    for (; run === this.#run && !complete; complete = await this.#sweep(run)) {
      await new Promise<void>((resolve) => {
        this.#parts.timers.setTimeout(resolve, flightMs).unref();
      });
    }
  }

  stop(): void {
    this.#run++;
  }

  /** Resolves to false when a recipient in flight may still have an old route. */
  async #sweep(run: number): Promise<boolean> {
    let complete = true;
    let seen = 0;
    for (const row of this.#parts.scheduler.recipients()) {
      if (++seen % pieceRecipients === 0) {
        this.#parts.changed();
        await nextTurn(this.#parts.timers);
      }
      // A later run has another table: this one would move mail back.
      if (run !== this.#run) return true;
      if (!(await this.#move(row, run))) complete = false;
    }
    this.#parts.changed();
    return complete;
  }

  /** Moves a recipient if its route is another one now. Resolves to false when it has to move and cannot yet. */
  async #move(row: QueuedRecipient, run: number): Promise<boolean> {
    // Plugins that route are asked again.
    if (this.#again.concerns(row)) return this.#again.ask(row);
    const wanted = await this.#wanted(row);
    if (wanted === undefined || run !== this.#run) return true;
    if (wanted.key === row.route) return true;
    const message = this.#stillThere(row);
    if (message === undefined) return true;
    const next: NewRoute = { route: wanted.key, domain: wanted.domain };
    return this.#parts.scheduler.reroute(message, new Map([[row.recipient, next]]), this.#parts.nowMs());
  }

  /** The route that it should have; undefined when the message is done. The envelope is read only if the route depends on it. */
  async #wanted(row: QueuedRecipient): Promise<RouteKey | undefined> {
    const { asked, routing } = this.#parts;
    const { router, ways } = routing;
    const key = withoutDemand(row.route);
    const tlsDemand = demandOf(row.route);
    const looksAtMessage = router.looksAtSenders || ways !== undefined || isAsked(key);
    if (!looksAtMessage && chooserOf(key) === undefined) {
      const facts = { tlsDemand, isCopy: isOfCopies(key), chosen: undefined };
      return routeFor(router, { ...facts, reversePath: '', address: `x@${row.domain}` });
    }
    const envelope = await this.#parts.envelope(row.queueId);
    if (envelope === undefined) return undefined;
    const { reversePath, tenant = '' } = envelope;
    const {
      address = '',
      isCopy = isOfCopies(withoutChoice(key)),
      route: chosen,
    } = envelope.recipients[row.recipient] ?? {};
    const found = await wayFor(routing, { reversePath, tenant, tlsDemand, address, isCopy, chosen });
    if ('route' in found) return found.route;
    const { message, queueId, recipient, domain } = row;
    return asked.routeOf({ message, queueId, recipient, domain, tlsDemand });
  }

  /** While the envelope was read, the message may have ended, and its handle may belong to another one. */
  #stillThere({ message, queueId }: QueuedRecipient): MessageHandle | undefined {
    return this.#parts.scheduler.isQueued(message, queueId) ? message : undefined;
  }
}
