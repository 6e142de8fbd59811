// Moves waiting mail to the routes that it has now, after a reload or a change of a table of routes. The queue is walked in pieces, so that deliveries go
// on. Recipients in flight are looked at again later.

import { nextTurn, type Timers } from '../io/timers.ts';
import type { MessageHandle, NewRoute, QueuedRecipient, Scheduler } from '../schedule/types.ts';
import { AskingAgain } from './plugins/asking-again.ts';
import { PresentRoutes, type PresentRoutesParts } from './ways/present-routes.ts';

/** Recipients that are looked at in one piece. */
const pieceRecipients = 1_000;
/** A piece ends after this time: reading an envelope takes longer than looking at a recipient. */
const pieceMs = 5;

/** Pause before recipients that were in flight are looked at again. */
const flightMs = 5_000;

export interface RerouteParts extends PresentRoutesParts {
  readonly scheduler: Scheduler;
  /** Called after each piece: carries out the scheduler's effects. */
  readonly changed: () => void;
  readonly timers: Timers;
  /** Scheduler time. */
  readonly nowMs: () => number;
}

export class Rerouter {
  readonly #parts: RerouteParts;
  readonly #again: AskingAgain;
  readonly #present: PresentRoutes;
  #run = 0;

  constructor(parts: RerouteParts) {
    this.#parts = parts;
    this.#again = new AskingAgain(parts);
    this.#present = new PresentRoutes(parts);
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
    const { timers } = this.#parts;
    let seen = 0;
    let begunMs = timers.nowMs();
    for (const row of this.#parts.scheduler.recipients()) {
      if (++seen === pieceRecipients || timers.nowMs() - begunMs >= pieceMs) {
        this.#parts.changed();
        await nextTurn(timers);
        seen = 0;
        begunMs = timers.nowMs();
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
    const wanted = await this.#present.of(row);
    if (wanted === undefined || run !== this.#run) return true;
    if (wanted.key === row.route) return true;
    const message = this.#stillThere(row);
    if (message === undefined) return true;
    const next: NewRoute = { route: wanted.key, domain: wanted.domain };
    return this.#parts.scheduler.reroute(message, new Map([[row.recipient, next]]), this.#parts.nowMs());
  }

  /** While the envelope was read, the message may have ended, and its handle may belong to another one. */
  #stillThere({ message, queueId }: QueuedRecipient): MessageHandle | undefined {
    return this.#parts.scheduler.isQueued(message, queueId) ? message : undefined;
  }
}
