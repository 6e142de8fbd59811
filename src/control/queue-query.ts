// Lists the queue: gets rows from the manager page by page and addresses from the spool, and filters by both.

import { damageRefusal } from '../message/refusal.ts';
import type { Envelope } from '../message/envelope.ts';
import type { QueueReader, StoredRef } from '../spool/types.ts';
import type { Asker } from './operations/operation.ts';
import type { ManagerSet } from './operations/sets.ts';
import { type QueueFilter, type QueueRow, type RowFacts, RowMatcher, lastFacts } from './queue-row.ts';
import type { ExaminedMessage, SourceRow } from './operations/queue-pages.ts';

/** A row with the index that its recipient has in the envelope. */
interface MatchedRow {
  readonly row: QueueRow;
  readonly message: number;
  readonly recipient: number;
  readonly ref: StoredRef;
}

/** What is asked of the manager for a list. */
export type AskForQueue = Asker<Pick<ManagerSet, 'page' | 'examine'>>;

export class QueueQuery {
  readonly #ask: AskForQueue;
  readonly #reader: QueueReader;

  constructor(ask: AskForQueue, reader: QueueReader) {
    this.#ask = ask;
    this.#reader = reader;
  }

  /**
   * Yields rows in pieces, at most `limit` rows in all (0: no limit).
   * @param located - rows say where their messages are stored
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

  async *#matching(filter: QueueFilter): AsyncIterable<MatchedRow[]> {
    const matcher = new RowMatcher(filter, Date.now());
    let cursor: number | undefined;
    do {
      const page = await this.#ask('page', { filter, cursor });
      yield await this.#withAddresses(page.rows, matcher);
      ({ cursor } = page);
    } while (cursor !== undefined);
  }

  async #withAddresses(rows: readonly SourceRow[], matcher: RowMatcher): Promise<MatchedRow[]> {
    // Recipients of one message come together: its envelope is read once.
    const envelopes = new Map<string, Promise<Envelope | undefined>>();
    for (const { queueId, ref } of rows) {
      if (!envelopes.has(queueId)) envelopes.set(queueId, this.#envelope(ref));
    }
    const examined = await this.#examine(rows, envelopes);
    const matched: MatchedRow[] = [];
    for (const row of rows) {
      const { recipientIndex, message, ref: oldRef, ...oldFacts } = row;
      let envelope = await envelopes.get(oldFacts.queueId);
      let ref = oldRef;
      let facts: RowFacts = oldFacts;
      if (envelope === undefined) {
        const found = examined.get(oldFacts.queueId);
        // The message has left the queue in the meantime.
        if (found === undefined) continue;
        ({ ref, envelope } = found);
        if (found.damage !== undefined) facts = damagedFacts(oldFacts, found.damage);
        if (!matcher.matchesFacts(facts)) continue;
      }
      // A recipient that waits is counted, so it is listed and can be removed, even if its addresses cannot be read any more.
      const sender = envelope === undefined ? '?' : envelope.reversePath;
      const found = envelope?.recipients[recipientIndex];
      const recipient = found?.address ?? `?@${facts.domain}`;
      const quarantine = facts.isHeld ? envelope?.quarantine : undefined;
      if (matcher.matchesAddresses(sender, recipient) && matcher.matchesQuarantine(quarantine)) {
        const row = {
          ...facts,
          sender,
          recipient,
          ...(envelope?.user !== undefined && { user: envelope.user }),
          ...(quarantine !== undefined && { quarantine }),
          ...(found?.originalRecipient !== undefined && { originalRecipient: found.originalRecipient }),
        };
        matched.push({ row, message, recipient: recipientIndex, ref });
      }
    }
    return matched;
  }

  /**
   * Asks the manager about messages that could not be read: they may have moved, left the queue, or be damaged. Only the
   * manager can tell these apart.
   */
  async #examine(
    rows: readonly SourceRow[],
    envelopes: ReadonlyMap<string, Promise<Envelope | undefined>>,
  ): Promise<ReadonlyMap<string, Examined>> {
    const unread = new Map<string, number>();
    for (const { queueId, message } of rows) {
      if ((await envelopes.get(queueId)) === undefined) unread.set(queueId, message);
    }
    if (unread.size === 0) return new Map();
    const found = await this.#ask(
      'examine',
      [...unread].map(([queueId, message]) => ({ queueId, message })),
    );
    const reread = found.map(async (each): Promise<[string, Examined]> => {
      const { queueId, ref, damage } = each;
      const envelope =
        damage === undefined
          ? await this.#envelope(ref)
          : await this.#reader.readDamagedEnvelope(queueId, ref);
      return [queueId, { ...each, envelope }];
    });
    return new Map(await Promise.all(reread));
  }

  /** Undefined when it cannot be read. */
  #envelope(ref: StoredRef): Promise<Envelope | undefined> {
    return this.#reader.readEnvelope(ref).catch(() => undefined);
  }
}

interface Examined extends ExaminedMessage {
  readonly envelope: Envelope | undefined;
}

/** Corrects the facts of a message that the manager sent before it knew that the message is damaged. */
function damagedFacts(facts: RowFacts, damage: string): RowFacts {
  return { ...facts, state: 'damaged', isHeld: false, ...lastFacts(damageRefusal(damage)) };
}

function locatedRow(row: QueueRow, ref: StoredRef): QueueRow {
  return { ...row, ref };
}
