// Segments in the folder of the spool, while all is well: one in which little mail is left has to go, since the manager moves
// what is left. Known from outside: the names of files, and which mail has not ended.

import { join } from 'node:path';
import { parseSegmentName, queueIdSegment, slotOf } from '../../src/spool/queue-id.ts';
import type { SimulatedDisk } from '../disk/simulated-disk.ts';
import { check } from '../world/ledger.ts';
import type { Books, Offer } from './books.ts';
import type { Internet } from './internet.ts';

/** Mail may be moved out of a segment of which no more than this share is left. */
const sparseShare = 1 / 4;
/** A record has a header and the envelope, beside the content: at most so much. */
const overheadBytes = 250;
const recipientBytes = 60;
/** Segments are tidied so often, and mail moved out of one of them each time. */
const tidiesMs = 5_000;
/** Attempts may be in flight when mail is moved. */
const slackMs = 7_000;
/** What a receiver has not reported before it ended is looked for after so long. */
const strayMs = 35_000;
/** Slots of the manager, whose segments have reports and mail that was moved. */
const managerSlots = 2;

export interface SegmentBooksOptions {
  readonly disk: () => SimulatedDisk;
  readonly books: Books;
  readonly internet: Internet;
  readonly nowMs: () => number;
  /** The folder of the spool. */
  readonly spool: string;
  readonly segmentBytes: number;
  readonly relocateAfterMs: number;
  /** Has a receiver ended? */
  readonly haveEnded: () => boolean;
}

export class SegmentBooks {
  readonly #options: SegmentBooksOptions;
  /** Segments with little mail, and since when they are seen to be so. */
  readonly #sparseSinceMs = new Map<string, number>();
  /** Segments that were seen to be sparse. */
  judged = 0;

  constructor(options: SegmentBooksOptions) {
    this.#options = options;
  }

  /** To be called every second or so, from when on all is well. */
  look(): void {
    const { disk, haveEnded, nowMs, spool, relocateAfterMs } = this.#options;
    const names = disk()
      .names(join(spool, 'segments'))
      .filter((name) => parseSegmentName(name) >= 0);
    const newest = new Set(
      Map.groupBy(names, slotOfName)
        .values()
        .map((own) => own.toSorted().at(-1)),
    );
    const strays = haveEnded() ? strayMs : 0;
    const latestMs = relocateAfterMs + slackMs + strays + tidiesMs * (names.length + 1);
    for (const name of names) {
      if (slotOfName(name) < managerSlots || newest.has(name) || !this.#isSparse(name)) {
        this.#sparseSinceMs.delete(name);
        continue;
      }
      const sinceMs = this.#sparseSinceMs.get(name);
      if (sinceMs === undefined) {
        this.#sparseSinceMs.set(name, nowMs());
        this.judged++;
      } else {
        check(
          nowMs() < sinceMs + latestMs,
          () => `segment ${name} has little mail for ${nowMs() - sinceMs} ms, and is still there`,
        );
      }
    }
  }

  /** Whatever is in it: a message may be in a later segment of its receiver than its queue id says. */
  #isSparse(name: string): boolean {
    const id = parseSegmentName(name);
    const left = [...this.#options.books.offers.values()].filter((offer) => {
      const made = queueIdSegment(offer.queueId);
      return offer.store === 0 && made <= id && slotOf(made) === slotOf(id) && mayBeLeft(offer);
    });
    const bytes = left.reduce(
      (sum, { recipients, sizeBytes }) =>
        sum + sizeBytes + overheadBytes + recipients.length * recipientBytes,
      0,
    );
    return bytes <= this.#options.segmentBytes * sparseShare && !left.some((offer) => this.#isSlow(offer));
  }

  /** A host that never answers keeps mail in flight nearly all the time, and what is in flight is not moved. */
  #isSlow({ recipients }: Offer): boolean {
    return recipients.some(({ address }) => {
      const domain = address.slice(address.indexOf('@') + 1);
      return this.#options.internet.domains.get(domain)?.hosts.some(({ isDead }) => isDead) !== false;
    });
  }
}

function slotOfName(name: string): number {
  return slotOf(parseSegmentName(name));
}

function mayBeLeft({ answer, recipients, queueId }: Offer): boolean {
  if (queueId === '' || answer === 'none') return queueId !== '';
  return recipients.some(({ arrivals, reports }) => arrivals.length === 0 && reports.size === 0);
}
