// Pages of the queue for operators: each page continues the walk through the queue where the last one ended, so that a long
// queue never delays deliveries.

import { type QueueFilter, RowMatcher, lastFacts } from '../control/queue-row.ts';
import type { QueuePage, SourceRow } from '../control/operations/queue-pages.ts';
import { ControlError } from '../control/control-error.ts';
import { withoutChoice } from '../route/choice.ts';
import { routeNameIn } from '../route/plan-key.ts';
import { withoutDemand } from '../route/security/demand.ts';
import { wayText } from './way-text.ts';
import { rewritesSenders } from '../route/sender-rewriting.ts';
import type { QueuedRecipient } from '../schedule/types.ts';
import type { SpoolStore } from '../spool/types.ts';
import type { Manager } from './manager.ts';
import type { QuarantineDesk } from './quarantine-desk.ts';
import type { SetAside } from './set-aside.ts';

/** Most recipients that are looked at for one page. */
const pageScan = 2_000;
/** Most open listings; with more, the one whose last page is the oldest is forgotten. */
const maxCursors = 64;

interface Listing {
  readonly rows: Iterator<QueuedRecipient>;
  readonly matcher: RowMatcher;
}

export interface QueueListingsParts {
  readonly manager: Pick<Manager, 'receivedAtMs' | 'scheduler'>;
  readonly store: Pick<SpoolStore, 'isDamaged' | 'locate'>;
  readonly setAside: Pick<SetAside, 'reasonOf'>;
  readonly quarantine: Pick<QuarantineDesk, 'sizeOf'>;
  /** The name of the queue whose store has this number; undefined: the default one. */
  readonly queueName: (store: number) => string | undefined;
  /** The system's clock, which operators compare dates with. */
  readonly dateMs: () => number;
}

export class QueueListings {
  readonly #parts: QueueListingsParts;
  readonly #listings = new Map<number, Listing>();
  #nextCursor = 1;

  constructor(parts: QueueListingsParts) {
    this.#parts = parts;
  }

  /**
   * @param cursor - from the page before; undefined for the first page
   * @throws {ControlError} `LISTING_FORGOTTEN`: what came so far is not all
   */
  page(filter: QueueFilter, cursor: number | undefined): QueuePage {
    const listing = cursor === undefined ? this.#open(filter) : this.#listings.get(cursor);
    if (listing === undefined)
      throw new ControlError(
        'LISTING_FORGOTTEN',
        `More than ${maxCursors} lists of the queue were asked for meanwhile, and the rest of this one is lost.`,
        'Try again while fewer programs list the queue.',
      );
    const at = cursor ?? this.#nextCursor - 1;
    this.#listings.delete(at);
    this.#listings.set(at, listing);
    const rows: SourceRow[] = [];
    for (let scanned = 0; scanned < pageScan; scanned++) {
      const next = listing.rows.next();
      if (next.done === true) {
        this.#listings.delete(at);
        return { rows, cursor: undefined };
      }
      const row = this.#row(next.value);
      if (row !== undefined && listing.matcher.matchesFacts(row)) rows.push(row);
    }
    return { rows, cursor: at };
  }

  #open(filter: QueueFilter): Listing {
    const listing = {
      rows: this.#parts.manager.scheduler.recipients(),
      matcher: new RowMatcher(filter, this.#parts.dateMs()),
    };
    this.#listings.set(this.#nextCursor++, listing);
    const [oldest] = this.#listings.keys();
    if (this.#listings.size > maxCursors && oldest !== undefined) this.#listings.delete(oldest);
    return listing;
  }

  #row(queued: QueuedRecipient): SourceRow | undefined {
    const ref = this.#parts.store.locate(queued.queueId);
    if (ref === undefined) return undefined;
    const queue = this.#parts.queueName(ref.store);
    const setAside = queued.isHeld ? this.#parts.setAside.reasonOf(queued.queueId) : undefined;
    const sizeBytes = queued.isHeld ? this.#parts.quarantine.sizeOf(queued.queueId) : undefined;
    const isDamaged = this.#parts.store.isDamaged(queued.queueId);
    return {
      queueId: queued.queueId,
      message: queued.message,
      receivedAtMs: this.#parts.manager.receivedAtMs(queued.message),
      domain: queued.domain,
      tenant: queued.tenant,
      ...(queue !== undefined && { queue }),
      state: isDamaged ? 'damaged' : queued.state,
      isHeld: queued.isHeld && !isDamaged,
      attempts: queued.attempts,
      nextAttemptAtMs: queued.nextAttemptAtMs,
      ...lastFacts(queued.lastRefusal),
      ...(queued.waitsFor !== undefined && { waitsFor: queued.waitsFor }),
      ...(rewritesSenders(withoutChoice(withoutDemand(queued.route))) && { rewritesSender: true as const }),
      ...(setAside !== undefined && { setAside }),
      ...wayOf(queued.route),
      ...nameOf(queued.route),
      ...(sizeBytes !== undefined && { sizeBytes }),
      recipientIndex: queued.recipient,
      ref,
    };
  }
}

function nameOf(route: string): Pick<SourceRow, 'routeName'> {
  const name = routeNameIn(route);
  return name === '' ? {} : { routeName: name };
}

function wayOf(route: string): Pick<SourceRow, 'way'> {
  const way = wayText(route);
  return way === undefined ? {} : { way };
}
