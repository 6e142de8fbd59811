// A walk through all recipients in the queue, in pieces, so that deliveries go on.

import { nextTurn, type Timers } from '../io/timers.ts';
import type { QueuedRecipient, Scheduler } from '../schedule/types.ts';

/** Recipients that are looked at in one piece. */
const pieceRecipients = 2_000;

export async function eachRecipient(
  scheduler: Pick<Scheduler, 'recipients'>,
  timers: Timers,
  visit: (recipient: QueuedRecipient) => void,
): Promise<void> {
  let seen = 0;
  for (const recipient of scheduler.recipients()) {
    if (++seen % pieceRecipients === 0) await nextTurn(timers);
    visit(recipient);
  }
}
