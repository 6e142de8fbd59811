// What parts of the manager find out by themselves, at a time of their own. The sink is made before all of them and is all
// that they know of the manager, so that each part has what it needs from the moment it is made.

import type { RoutePlan } from '../route/types.ts';
import type { RecoveredMessage } from '../spool/types.ts';
import type { Submitted } from '../channel/messages.ts';

export type ManagerEvent =
  /** The plan of a route that had to be looked up. */
  | { readonly kind: 'resolved'; readonly route: string; readonly plan: RoutePlan }
  /** A report of ours is on stable storage, and is mail like any other from now on. */
  | { readonly kind: 'reported'; readonly message: Submitted }
  /** A sender process died with this connection. */
  | { readonly kind: 'lost'; readonly connection: number }
  /** Sender processes came or went: they can carry so many connections now. */
  | { readonly kind: 'carries'; readonly connections: number }
  /** The store has found that messages cannot be read any more, and holds them. */
  | { readonly kind: 'damaged'; readonly queueIds: readonly string[] }
  /** A message that is in the spool and that nobody has reported: its receiver died right after its 250. */
  | { readonly kind: 'stray'; readonly message: RecoveredMessage }
  /** Outcomes cannot be stored, for this reason; none: they can be again. */
  | { readonly kind: 'blocked'; readonly reason: string | undefined }
  /** Other limits are in force. */
  | { readonly kind: 'limits' }
  /** Dates are apart from steady time by so many ms now. */
  | { readonly kind: 'dates'; readonly shiftMs: number }
  /** No name server answers: a fault of this host, in which nothing expires that waits for one. Or one does again. */
  | { readonly kind: 'outage'; readonly isOutage: boolean }
  /** This host has no source for some connections, or has one again: its fault, and nothing expires meanwhile. */
  | { readonly kind: 'sources'; readonly areLacking: boolean };

export class ManagerEvents {
  #take: ((event: ManagerEvent) => void) | undefined;
  #kept: ManagerEvent[] = [];

  /** Tells the manager at once, or as soon as there is one. */
  post(event: ManagerEvent): void {
    if (this.#take === undefined) this.#kept.push(event);
    else this.#take(event);
  }

  /** Takes the events from now on, beginning with those that are here already. */
  receive(take: (event: ManagerEvent) => void): void {
    this.#take = take;
    const kept = this.#kept;
    this.#kept = [];
    for (const event of kept) take(event);
  }
}
