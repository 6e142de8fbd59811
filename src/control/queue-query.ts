// Lists and changes the queue: pages from the manager, addresses from the spool, filters on both.

import type { Envelope } from '../message/envelope.ts';
import { SpoolError } from '../spool/spool-error.ts';
import type { SpoolReader, StoredRef } from '../spool/types.ts';
import type { QueueAction } from './control-protocol.ts';
import { type QueueFilter, type QueueRow, RowMatcher } from './queue-row.ts';
import type { ChosenRecipient, QueueSource, SourceRow } from './queue-source.ts';

/** A row with the index that its recipient has in the envelope. */
interface MatchedRow {
  readonly row: QueueRow;
  readonly message: number;
  readonly recipient: number;
  readonly ref: StoredRef;
}

/** Recipients changed at once: deliveries go on between the pieces. */
const changePiece = 500;

export class QueueQuery {
  readonly #source: QueueSource;
  readonly #reader: SpoolReader;

  constructor(source: QueueSource, reader: SpoolReader) {
    this.#source = source;
    this.#reader = reader;
  }

  /**
   * Rows in pieces, at most `limit` of them (0: all).
   * @param located - each says where its message is stored
   */
  async *list(filter: QueueFilter, limit: number, located = false): AsyncIterable<QueueRow[]> {
    let left = limit === 0 ? Infinity : limit;
    for await (const page of this.#matching(filter)) {
      const rows = page.slice(0, left).map(({ row, ref }) => (located ? locatedRow(row, ref) : row));
      left -= rows.length;
      if (rows.length > 0) yield rows;
      if (left <= 0) return;
    }
  }

  /** Applies an action to every recipient that matches; returns how many there were. */
  async change(action: QueueAction, filter: QueueFilter): Promise<number> {
    const chosen: ChosenRecipient[] = [];
    for await (const page of this.#matching(filter)) {
      for (const { row, message, recipient } of page) {
        const { queueId, sender, recipient: address } = row;
        chosen.push({ queueId, message, recipient, sender, address });
      }
    }
    let changed = 0;
    for (let at = 0; at < chosen.length; at += changePiece) {
      changed += await this.#source.change(action, chosen.slice(at, at + changePiece));
    }
    return changed;
  }

  async *#matching(filter: QueueFilter): AsyncIterable<MatchedRow[]> {
    const matcher = new RowMatcher(filter, Date.now());
    let cursor: number | undefined;
    do {
      const page = await this.#source.page(filter, cursor);
      yield await this.#addressed(page.rows, matcher);
      ({ cursor } = page);
    } while (cursor !== undefined);
  }

  async #addressed(rows: readonly SourceRow[], matcher: RowMatcher): Promise<MatchedRow[]> {
    // Recipients of one message come together: its envelope is read once.
    const envelopes = new Map<string, Promise<Envelope | 'gone' | 'unreadable'>>();
    for (const row of rows) {
      if (envelopes.has(row.queueId)) continue;
      envelopes.set(
        row.queueId,
        this.#reader.readEnvelope(row.ref).catch((error: unknown) => whyNot(error)),
      );
    }
    const matched: MatchedRow[] = [];
    for (const { ref, recipientIndex, message, ...facts } of rows) {
      const envelope = await envelopes.get(facts.queueId);
      // Done in the meantime, unless the manager knows that it is damaged.
      if (envelope === undefined || (envelope === 'gone' && facts.state !== 'damaged')) continue;
      const known = typeof envelope === 'string' ? undefined : envelope;
      // Whoever waits is counted, so it is listed, and can be removed, even if nobody can tell its addresses any more.
      const sender = known === undefined ? '?' : known.reversePath;
      const recipient = known?.recipients[recipientIndex]?.address ?? `?@${facts.domain}`;
      if (matcher.addresses(sender, recipient)) {
        matched.push({ row: { ...facts, sender, recipient }, message, recipient: recipientIndex, ref });
      }
    }
    return matched;
  }
}

function locatedRow(row: QueueRow, ref: StoredRef): QueueRow {
  return { ...row, ref };
}

function whyNot(error: unknown): 'gone' | 'unreadable' {
  return error instanceof SpoolError && error.code === 'SPOOL_MISSING' ? 'gone' : 'unreadable';
}
