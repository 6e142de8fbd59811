// Opens one of several stores and reads its mail, as often as it takes. Promises: what one try has found is not found again by the next; a
// queue that is stopped meanwhile is not tried any more.

import type { Timers } from '../io/timers.ts';
import { asRecovered } from './as-recovered.ts';
import type { HomelessOutcomes } from './homeless-outcomes.ts';
import { type Member, stoppedError } from './queue-member.ts';
import { SpoolError } from './spool-error.ts';
import type { QueuesEvents } from './store-opener.ts';
import type { RecoveredMessage, SpoolStore, StoredMessage } from './types.ts';

/** A store that could not be read is tried again after this time. */
const retryMs = 10_000;

export interface BringParts {
  readonly events: QueuesEvents;
  readonly timers: Timers;
  readonly homeless: HomelessOutcomes;
  /** Hands a message on. */
  readonly take: (message: RecoveredMessage) => void;
  /** No store is opened any more. */
  readonly isClosed: () => boolean;
  /** Are all stores there? */
  readonly isWhole: () => boolean;
}

/** Resolves when the try has ended. Further ones follow until the store is there. */
export async function bringStore(member: Member, parts: BringParts): Promise<void> {
  const { events, homeless, take, timers } = parts;
  const { opener } = member;
  if (parts.isClosed() || member.isStopped) return;
  // What an earlier try says by now, it says of files that nobody uses any more.
  let isCurrent = true;
  member.journalReason = undefined;
  try {
    const store = await opener.open({
      ...events,
      onBlocked: (reason) => {
        if (isCurrent && !member.isStopped) member.journalReason = reason;
      },
    });
    member.store = store;
    for await (const message of store.recover()) {
      if (member.isStopped) throw stoppedError();
      if (member.yielded.has(message.queueId)) continue;
      member.yielded.add(message.queueId);
      take(message);
    }
    if (member.isStopped) throw stoppedError();
    member.isRecovered = true;
    store.settle(homeless.all);
    member.yielded.clear();
    member.absence = undefined;
    await hearReports(member, store, parts);
    if (parts.isWhole()) homeless.clear();
  } catch (error) {
    isCurrent = false;
    const half = member.store;
    member.store = undefined;
    void half?.close().catch(() => undefined);
    if (member.isStopped) return;
    const why = error instanceof Error ? error.message : String(error);
    const text = `the store cannot be read, and is tried again every ${retryMs / 1000} s: ${why}`;
    member.absence = new SpoolError('SPOOL_UNREADABLE', text, { cause: error });
    timers
      .setTimeout(() => {
        member.opening = bringStore(member, parts);
      }, retryMs)
      .unref();
  }
}

/** Adds messages that were reported before the store was there, and that it has not found by itself. */
async function hearReports(
  member: Member,
  store: SpoolStore,
  { events, take }: Pick<BringParts, 'events' | 'take'>,
): Promise<void> {
  for (const [queueId, { ref, recipients }] of member.takeReports()) {
    if (!store.submitted(queueId, ref, recipients)) continue;
    const message = await member.opener.read(ref).catch((error: unknown) => error);
    if (message instanceof Error) {
      const text = `it waits for the next start, because it cannot be read: ${message.message}`;
      events.onProblem({ kind: 'missing', place: queueId, text });
    } else take(asRecovered(ref, message as StoredMessage));
  }
}
