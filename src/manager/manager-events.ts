// Events that parts of the manager notice by themselves. The sink is made before all parts, and is all that they know of the
// manager, so that each part has what it needs when it is made.

import type { RoutePlan } from '../route/types.ts';
import type { RecoveredMessage } from '../spool/types.ts';
import type { Submitted } from '../channel/messages.ts';
import type { Routed } from './plugins/routed.ts';

export type ManagerEvent =
  /** The plan of a route that had to be looked up. */
  | { readonly kind: 'resolved'; readonly route: string; readonly plan: RoutePlan }
  /** Plugins have said which ways recipients of a message go, or have failed to. */
  | { readonly kind: 'routed'; readonly routed: Routed }
  /** A report that Sluice wrote is on stable storage, and is to be delivered like other mail. */
  | { readonly kind: 'reported'; readonly message: Submitted }
  /** The sender process of this connection died. */
  | { readonly kind: 'lost'; readonly connection: number }
  /** Sender processes were linked or lost: `connections` is the number that they can carry now. */
  | { readonly kind: 'carries'; readonly connections: number }
  /** Sender processes of before have not all said yet what they delivered, or they have: until then nothing is reported as failed. */
  | { readonly kind: 'awaits'; readonly doesAwait: boolean }
  /** The store has found messages that cannot be read any more, and has journaled them as held. */
  | { readonly kind: 'damaged'; readonly queueIds: readonly string[] }
  /** The store has found a message that no receiver reported: its receiver died right after the 250. */
  | { readonly kind: 'stray'; readonly message: RecoveredMessage }
  /** Outcomes of a store's mail cannot be stored, for this reason; without a reason, they can be stored again. */
  | { readonly kind: 'blocked'; readonly reason: string | undefined; readonly store: number }
  /** Too many failures of a store's mail have no report yet, or they are fewer again. */
  | {
      readonly kind: 'late';
      readonly areLate: boolean;
      readonly store: number;
      readonly tenant?: string | undefined;
    }
  /** Operators' overrides have changed, so other limits are in force. */
  | { readonly kind: 'limits' }
  /** The difference between dates and steady time has changed to `shiftMs`, by `byMs`; or a start is no longer in doubt. */
  | { readonly kind: 'dates'; readonly shiftMs: number; readonly byMs: number }
  /** No name server answers, or one does again. This is a fault of this host: mail that waits for one does not expire. */
  | { readonly kind: 'outage'; readonly isOutage: boolean }
  /** An IP version has no usable source address, or has one again. A fault of this host: no mail expires meanwhile. */
  | { readonly kind: 'sources'; readonly areLacking: boolean };

export class ManagerEvents {
  #take: ((event: ManagerEvent) => void) | undefined;
  #kept: ManagerEvent[] = [];
  /** The queue of a store is being stopped: resolves when its mail is forgotten. Before there is a manager, there is none. */
  forget: (store: number) => Promise<void> = () => Promise.resolve();

  /** Passes the event to the consumer at once, or as soon as there is one. */
  post(event: ManagerEvent): void {
    if (this.#take === undefined) this.#kept.push(event);
    else this.#take(event);
  }

  /** Sets the consumer; events that were posted before are passed to it at once. */
  receive(take: (event: ManagerEvent) => void): void {
    this.#take = take;
    const kept = this.#kept;
    this.#kept = [];
    for (const event of kept) take(event);
  }
}
