// After a reload with another routing table: mail that waits takes the routes of the new one. Messages are looked at in
// pieces, so that deliveries go on; what is in flight is looked at again when it has landed.

import { nextTurn, type Timers } from '../io/timers.ts';
import type { Router } from '../route/types.ts';
import type { MessageHandle, NewRoute, QueuedRecipient, Scheduler } from '../schedule/types.ts';
import type { Envelope } from '../message/envelope.ts';
import type { RouterInForce } from './ports.ts';

/** Recipients looked at before others have their turn. */
const pieceRecipients = 1_000;

/** How long transactions in flight get to land. */
const flightMs = 5_000;

export interface RerouteParts {
  readonly scheduler: Scheduler;
  /** The envelope of a message that waits; undefined when it is done or cannot be read. */
  readonly envelope: (queueId: string) => Promise<Envelope | undefined>;
  /** Called after a piece: carries out what the scheduler wants. */
  readonly changed: () => void;
  readonly routing: RouterInForce;
  readonly timers: Timers;
  /** Scheduler time. */
  readonly nowMs: () => number;
}

export class Rerouter {
  readonly #parts: RerouteParts;
  #run = 0;

  constructor(parts: RerouteParts) {
    this.#parts = parts;
  }

  /** Looks through the whole queue; a later call ends an earlier one. Resolves when nothing has an old route. */
  async reroute(): Promise<void> {
    const { router } = this.#parts.routing;
    const run = ++this.#run;
    let complete = await this.#sweep(router, run);
    // Only now: a route that the new table does not have is not to be asked for while mail still has it.
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

  /** False when something in flight may still have an old route. */
  async #sweep(router: Router, run: number): Promise<boolean> {
    let complete = true;
    let seen = 0;
    for (const row of this.#parts.scheduler.recipients()) {
      if (++seen % pieceRecipients === 0) {
        this.#parts.changed();
        await nextTurn(this.#parts.timers);
        if (run !== this.#run) return true;
      }
      if (await this.#moved(row, router)) complete = false;
    }
    this.#parts.changed();
    return complete;
  }

  /** True when the recipient should move and cannot now. */
  async #moved(row: QueuedRecipient, router: Router): Promise<boolean> {
    // Only rules for senders need the sender, and only recipients without a more specific rule.
    let wanted = router.routeOf('', `x@${row.domain}`);
    if (router.looksAtSenders) {
      const envelope = await this.#parts.envelope(row.queueId);
      if (envelope === undefined) return false;
      wanted = router.routeOf(envelope.reversePath, envelope.recipients[row.recipient]?.address ?? '');
    }
    if (wanted.key === row.route) return false;
    const message = this.#stillThere(row);
    if (message === undefined) return false;
    const next: NewRoute = { route: wanted.key, domain: wanted.domain };
    return !this.#parts.scheduler.reroute(message, new Map([[row.recipient, next]]), this.#parts.nowMs());
  }

  /** Reading the envelope took a moment: the message may be done, and its handle another's. */
  #stillThere({ message, queueId }: QueuedRecipient): MessageHandle | undefined {
    return this.#parts.scheduler.isQueued(message, queueId) ? message : undefined;
  }
}
