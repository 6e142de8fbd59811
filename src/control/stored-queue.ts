// The queue of a stopped Sluice, read from its spool without changing anything.

import { domainOf } from '../address/domain.ts';
import { lastRefusalOf } from '../message/refusal-form.ts';
import { inspectSpool } from '../spool/open.ts';
import type { SpoolFinding } from '../spool/segments/inspect.ts';
import { type StoredRef, unknownAddress } from '../spool/types.ts';
import { type QueueFilter, type QueueRow, RowMatcher, lastFacts } from './queue-row.ts';

/** The store of a queue. */
export interface StoredQueue {
  /** The name of the queue; undefined: the default one. */
  readonly queue?: string | undefined;
  readonly directory: string;
}

type FoundInQueue = SpoolFinding & { readonly queue: string | undefined; readonly ref?: StoredRef };

/**
 * Yields the rows that match, at most `limit` (0: all).
 * @param stores - by number
 * @param report - called for each record that cannot be read
 * @param located - rows say where their messages are stored
 */
export async function* storedQueue(
  stores: readonly StoredQueue[],
  filter: QueueFilter,
  limit: number,
  report: (problem: string) => void,
  located = false,
): AsyncGenerator<QueueRow> {
  const matcher = new RowMatcher(filter, Date.now());
  let count = 0;
  for await (const found of inAll(stores)) {
    if (found.kind === 'problem') {
      report(`${found.problem.place}: ${found.problem.text}`);
      continue;
    }
    const { message } = found;
    for (const waiting of message.waiting) {
      const domain = domainOf(waiting.address);
      const isKnown = waiting.address !== unknownAddress;
      const row: QueueRow = {
        queueId: message.queueId,
        receivedAtMs: message.receivedAtMs,
        // As a running Sluice shows it.
        sender: isKnown ? message.reversePath : '?',
        recipient: isKnown ? waiting.address : `?@${domain}`,
        domain,
        tenant: message.tenant ?? '',
        ...(found.queue !== undefined && { queue: found.queue }),
        ...(message.user !== undefined && { user: message.user }),
        state: message.damage !== undefined ? 'damaged' : message.held ? 'held' : 'stored',
        isHeld: message.held && message.damage === undefined,
        attempts: waiting.attempts,
        nextAttemptAtMs: waiting.nextAttemptAtMs,
        ...lastFacts(lastRefusalOf(waiting.lastRefusal)),
        ...(message.held &&
          message.quarantine !== undefined && {
            quarantine: message.quarantine,
            sizeBytes: message.sizeBytes,
          }),
        ...(located && { ref: found.ref }),
      };
      if (!matcher.matchesFacts(row) || !matcher.matchesAddresses(row.sender, row.recipient)) continue;
      if (!matcher.matchesQuarantine(row.quarantine)) continue;
      yield row;
      count++;
      if (limit > 0 && count >= limit) return;
    }
  }
}

/** What is in all stores, one after the other. */
async function* inAll(stores: readonly StoredQueue[]): AsyncGenerator<FoundInQueue> {
  for (const [store, { directory, queue }] of stores.entries())
    for await (const found of inspectSpool(directory))
      yield found.kind === 'message'
        ? { ...found, queue, ref: { ...found.message.ref, store } }
        : { ...found, queue };
}
