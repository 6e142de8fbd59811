// Ends the use of one of several stores, in the order in which nothing of it is lost.

import type { Member } from './queue-member.ts';
import type { QueuesEvents } from './store-opener.ts';

/** Time that a store gets for its last outcomes. */
const storeWithinMs = 10_000;

/**
 * Its queue is stopped already, so that nothing of it is granted any more. Resolves when its files are closed, or when its disk hangs; at once when
 * it is started again before that.
 */
export async function leaveStore(
  member: Member,
  { onStopped }: Pick<QueuesEvents, 'onStopped'>,
): Promise<void> {
  await member.unlessStalled(member.opening);
  // Transactions in flight, and reports that are being written.
  await member.pins.none();
  if (!member.isStopped) return;
  const { store } = member;
  member.isRecovered = false;
  await onStopped?.(member.number);
  member.yielded.clear();
  if (store === undefined) return;
  // What cannot be stored happens again after a start, as after a crash.
  await member.unlessStalled(store.storeOutcomes(storeWithinMs).catch(() => 0));
  member.store = undefined;
  await member.unlessStalled(store.close().catch(() => undefined));
}
