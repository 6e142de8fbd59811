// `sluice queue reroute`: which recipients would go another way if they came now, and moves them there.

import type { NewRoute, RecipientFacts, Scheduler } from '../../schedule/types.ts';
import { withoutChoice } from '../../route/choice.ts';
import { isOfCopies } from '../../route/copies.ts';
import { holdsMail, isPassedByRelease } from '../../route/local-ways.ts';
import { demandOf, withoutDemand } from '../../route/security/demand.ts';
import type { ChosenMessage } from '../jobs/message-choice.ts';
import { isAskedAbout, isBeingAsked } from '../plugins/asked-routes.ts';
import { PresentRoutes, type PresentRoutesParts } from './present-routes.ts';
import { shownWay } from './shown-way.ts';

/** A recipient that would go another way. */
export interface Move {
  readonly recipient: RecipientFacts;
  readonly next: NewRoute;
  /** In words. */
  readonly from: string;
  readonly to: string;
}

export interface ReroutesParts extends PresentRoutesParts {
  readonly scheduler: Pick<Scheduler, 'isQueued' | 'recipientsOf' | 'reroute' | 'retryNow'>;
  /** Called after a change: carries out the scheduler's effects. */
  readonly changed: () => void;
  /** Scheduler time. */
  readonly nowMs: () => number;
}

export class Reroutes {
  readonly #parts: ReroutesParts;
  readonly #present: PresentRoutes;

  constructor(parts: ReroutesParts) {
    this.#parts = parts;
    this.#present = new PresentRoutes(parts);
  }

  /** Those of the recipients that would go another way. Where a plugin decides, or a table cannot answer, that cannot be told, and they are left out. */
  async movesOf({ message, recipients }: ChosenMessage): Promise<readonly Move[]> {
    const { asked } = this.#parts;
    const moves: Move[] = [];
    for (const recipient of recipients) {
      if (recipient.state === 'active') continue;
      if (asked.isOn && isAskedAbout(recipient.route)) continue;
      const { route: key, domain, queueId, recipient: index } = recipient;
      const next = await this.#present.of({ message, route: key, domain, queueId, recipient: index });
      if (next === undefined || next.key === key) continue;
      // A table cannot say where it goes now: that is no other way.
      if (isBeingAsked(next.key)) continue;
      moves.push({
        recipient,
        next: { route: next.key, domain: next.domain },
        from: shownWay(key),
        to: shownWay(next.key),
      });
    }
    return moves;
  }

  /**
   * Moves all recipients of a released message that routes hold to the routes behind, whichever of them were chosen. Where plugins or tables
   * have to be waited for, they are asked.
   */
  async moveReleased(released: ChosenMessage): Promise<void> {
    const { asked, changed, nowMs, scheduler } = this.#parts;
    const { message, queueId } = released;
    if (!scheduler.isQueued(message, queueId)) return;
    const moves: Omit<Move, 'from' | 'to'>[] = [];
    for (const facts of scheduler.recipientsOf(message)) {
      const { domain, recipient, route } = facts;
      if (!isPassedByRelease(route)) continue;
      const row = { message, queueId, route, domain, recipient };
      const next =
        asked.isOn && !isOfCopies(withoutChoice(withoutDemand(route)))
          ? asked.routeOf({ message, queueId, recipient, domain, tlsDemand: demandOf(route) })
          : await this.#present.of(row);
      if (next === undefined || next.key === route) continue;
      moves.push({ recipient: facts, next: { route: next.key, domain: next.domain } });
    }
    if (this.move(released, moves) === 0) return;
    // What waited for a route that there is not any more has the time of its next attempt: it goes now, as what was held.
    if (moves.every(({ recipient: { route } }) => holdsMail(route))) return;
    scheduler.retryNow(message, nowMs());
    changed();
  }

  /** @returns how many were moved: those that were granted meanwhile stay */
  move({ message, queueId }: ChosenMessage, moves: readonly Omit<Move, 'from' | 'to'>[]): number {
    const { changed, nowMs, scheduler } = this.#parts;
    if (!scheduler.isQueued(message, queueId)) return 0;
    const present = new Map(scheduler.recipientsOf(message).map((each) => [each.recipient, each]));
    const left = moves.filter(({ recipient: { recipient, route } }) => {
      const now = present.get(recipient);
      return now !== undefined && now.state !== 'active' && now.route === route;
    });
    if (left.length === 0) return 0;
    scheduler.reroute(
      message,
      new Map(left.map(({ recipient, next }) => [recipient.recipient, next])),
      nowMs(),
    );
    changed();
    return left.length;
  }
}
