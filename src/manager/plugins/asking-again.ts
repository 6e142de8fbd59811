// Asks plugins again about the mail that waits, after another configuration has come into force. All recipients of a message are moved together, when
// the walk over the queue meets the first of them; those in flight later.

import type { MessageHandle, NewRoute, QueuedRecipient, Scheduler } from '../../schedule/types.ts';
import { type AskedRoutes, isAskedAbout } from './asked-routes.ts';

export interface AskingAgainParts {
  readonly scheduler: Pick<Scheduler, 'recipientsOf' | 'reroute'>;
  readonly asked: AskedRoutes;
  /** Scheduler time. */
  readonly nowMs: () => number;
}

export class AskingAgain {
  readonly #parts: AskingAgainParts;
  /** Recipients that were in flight, by queue id. */
  readonly #inFlight = new Map<string, ReadonlySet<number>>();

  constructor(parts: AskingAgainParts) {
    this.#parts = parts;
  }

  /** A walk over the queue begins that is the first under its configuration. */
  begin(): void {
    this.#inFlight.clear();
  }

  /** Does a plugin decide about this recipient? */
  concerns({ route }: Pick<QueuedRecipient, 'route'>): boolean {
    return this.#parts.asked.isOn && isAskedAbout(route);
  }

  /**
   * Asks again about the message of this recipient, unless that was done.
   * @returns false when some of its recipients are in flight, so that they have to be looked at later
   */
  ask({ message, queueId }: Pick<QueuedRecipient, 'message' | 'queueId'>): boolean {
    const { asked } = this.#parts;
    const left = this.#inFlight.get(queueId);
    if (asked.isMarked(message) && left === undefined) return true;
    asked.mark(message);
    const stillLeft = this.#move(message, left);
    if (stillLeft.size === 0) this.#inFlight.delete(queueId);
    else this.#inFlight.set(queueId, stillLeft);
    return stillLeft.size === 0;
  }

  /** @param only - not given: all. @returns those that are in flight */
  #move(message: MessageHandle, only: ReadonlySet<number> | undefined): ReadonlySet<number> {
    const { scheduler, asked, nowMs } = this.#parts;
    const routes = new Map<number, NewRoute>();
    const inFlight = new Set<number>();
    for (const facts of scheduler.recipientsOf(message)) {
      if (only !== undefined && !only.has(facts.recipient)) continue;
      const next = asked.routeAgain(message, facts);
      if (next === undefined || next.key === facts.route) continue;
      if (facts.state === 'active') inFlight.add(facts.recipient);
      else routes.set(facts.recipient, { route: next.key, domain: next.domain });
    }
    if (routes.size > 0) scheduler.reroute(message, routes, nowMs());
    return inFlight;
  }
}
