// The route that a recipient of the queue would get if it came now, except where plugins decide.

import type { Envelope } from '../../message/envelope.ts';
import { isAsked } from '../../route/asked-key.ts';
import { chooserOf, withoutChoice } from '../../route/choice.ts';
import { isOfCopies } from '../../route/copies.ts';
import { demandOf, withoutDemand } from '../../route/security/demand.ts';
import type { RouteKey } from '../../route/types.ts';
import { verpOf } from '../../route/verp.ts';
import type { MessageHandle, RecipientFacts } from '../../schedule/types.ts';
import type { AskedRoutes } from '../plugins/asked-routes.ts';
import type { RouterInForce } from '../ports.ts';
import { routeFor, wayFor } from '../route-of.ts';

export interface PresentRoutesParts {
  readonly routing: RouterInForce;
  readonly asked: AskedRoutes;
  /** The envelope of a message that waits; undefined when it is done or cannot be read. */
  readonly envelope: (queueId: string) => Promise<Envelope | undefined>;
  /** Was the message released from routes that hold mail? */
  readonly passesHolds: (message: MessageHandle) => boolean;
}

/** A recipient in the queue. */
export type RoutedRow = Pick<RecipientFacts, 'route' | 'domain' | 'queueId' | 'recipient'> & {
  readonly message: MessageHandle;
};

export class PresentRoutes {
  readonly #parts: PresentRoutesParts;
  /** The envelope that was read last: the recipients of a message mostly follow each other. */
  #last: { readonly queueId: string; readonly envelope: Envelope | undefined } | undefined;

  constructor(parts: PresentRoutesParts) {
    this.#parts = parts;
  }

  /** The route that it would get now; undefined when the message is done. The envelope is read only if the route depends on it. */
  async of(row: RoutedRow): Promise<RouteKey | undefined> {
    const { asked, routing } = this.#parts;
    const { router, ways } = routing;
    const key = withoutDemand(row.route);
    const tlsDemand = demandOf(row.route);
    const passesHolds = this.#parts.passesHolds(row.message);
    const looksAtTables = ways !== undefined || routing.provisioned !== undefined;
    const looksAtMessage = router.looksAtSenders || looksAtTables || routing.verp.areAny || isAsked(key);
    if (!looksAtMessage && chooserOf(key) === undefined) {
      const ofMessage = verpOf(row.route);
      return routeFor(routing, {
        tlsDemand,
        isCopy: isOfCopies(key),
        chosen: undefined,
        reversePath: '',
        tenant: '',
        address: `x@${row.domain}`,
        user: '',
        verp: ofMessage?.by === 'message' ? ofMessage.delimiters : undefined,
        passesHolds,
      });
    }
    const envelope = await this.#envelopeOf(row.queueId);
    if (envelope === undefined) return undefined;
    const { reversePath, tenant = '', user = '', verp } = envelope;
    const {
      address = '',
      isCopy = isOfCopies(withoutChoice(key)),
      route: chosen,
    } = envelope.recipients[row.recipient] ?? {};
    const subject = { reversePath, tenant, tlsDemand, address, isCopy, chosen, verp, passesHolds, user };
    const found = await wayFor(routing, subject);
    if ('route' in found) return found.route;
    const { message, queueId, recipient, domain } = row;
    return asked.routeOf({ message, queueId, recipient, domain, tlsDemand });
  }

  async #envelopeOf(queueId: string): Promise<Envelope | undefined> {
    if (this.#last?.queueId !== queueId)
      this.#last = { queueId, envelope: await this.#parts.envelope(queueId) };
    return this.#last.envelope;
  }
}
