// Which recipients have their route asked of plugins, or of tables that do not answer at once, and which messages were asked about under the configuration in force. Promises: four bytes for
// each message that is queued, and nothing where no plugin routes.

import { chooserOf } from '../../route/choice.ts';
import { isOfCopies } from '../../route/copies.ts';
import { askedRoute, isAsked } from '../../route/asked-key.ts';
import { demandOf, withDemand, withoutDemand } from '../../route/security/demand.ts';
import type { RouteKey } from '../../route/types.ts';
import type { MessageHandle, RecipientFacts } from '../../schedule/types.ts';
import type { TlsDemand } from '../../values/tls-policy.ts';

/** A recipient that is to be asked about. */
interface Asked {
  readonly message: MessageHandle;
  readonly queueId: string;
  /** Index in the envelope. */
  readonly recipient: number;
  readonly domain: string;
  readonly tlsDemand: TlsDemand | undefined;
}

export class AskedRoutes {
  #isOn = false;
  #generation = 0;
  /** By message: the generation in which its routes were asked for. */
  readonly #askedIn: number[] = [];

  /** Does a plugin route? */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Counts the configurations: an answer of an earlier one does not count any more. */
  get generation(): number {
    return this.#generation;
  }

  /** Another configuration is in force. */
  configure(isOn: boolean): void {
    this.#isOn = isOn;
    this.#generation++;
  }

  /** What routes depend on has changed: answers that are under way do not count any more. */
  renew(): void {
    this.#generation++;
  }

  /** The message has the routes of the configuration in force, or is being asked about for it. */
  mark(message: MessageHandle): void {
    this.#askedIn[message] = this.#generation;
  }

  isMarked(message: MessageHandle): boolean {
    return this.#askedIn[message] === this.#generation;
  }

  /** The route of a recipient until there is an answer. */
  routeOf({ message, queueId, recipient, domain, tlsDemand }: Asked): RouteKey {
    const generation = this.#generation;
    return withDemand(askedRoute({ generation, message, recipient, queueId }, domain), tlsDemand);
  }

  /** The route of a recipient that is in the queue, until there is an answer; undefined when it is not asked about. */
  routeAgain(message: MessageHandle, facts: RecipientFacts): RouteKey | undefined {
    const { route, queueId, recipient, domain } = facts;
    if (!isAskedAbout(route)) return undefined;
    return this.routeOf({ message, queueId, recipient, domain, tlsDemand: demandOf(route) });
  }
}

/** Copies for archives, and mail for which a stage has chosen a route, go by the routing table. @param key - of a recipient's present route */
export function isAskedAbout(key: string): boolean {
  const bare = withoutDemand(key);
  return chooserOf(bare) !== 'stage' && !isOfCopies(bare);
}

/** Is the route of this key being asked of a plugin? */
export function isBeingAsked(key: string): boolean {
  return isAsked(withoutDemand(key));
}
