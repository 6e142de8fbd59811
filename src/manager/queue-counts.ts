// How many recipients are in which tenant's queue. The whole queue is looked at, in pieces, so that deliveries go on.

import type { QueueCount } from '../control/control-protocol.ts';
import { nextTurn, type Timers } from '../io/timers.ts';
import type { QueuedRecipient, Scheduler } from '../schedule/types.ts';

/** Recipients looked at before others have their turn. */
const pieceRecipients = 2_000;

/** By name of the queue; queues in which nothing is are left out. @param counts - which recipients */
export async function queueCounts(
  scheduler: Pick<Scheduler, 'recipients'>,
  timers: Timers,
  counts: (recipient: QueuedRecipient) => boolean = () => true,
): Promise<QueueCount[]> {
  const queues = new Map<string, { -readonly [Name in keyof QueueCount]: QueueCount[Name] }>();
  let seen = 0;
  for (const recipient of scheduler.recipients()) {
    if (++seen % pieceRecipients === 0) await nextTurn(timers);
    if (!counts(recipient)) continue;
    const { queue, state } = recipient;
    const count = queues.get(queue) ?? { queue, waiting: 0, ready: 0, active: 0 };
    queues.set(queue, count);
    if (state === 'active') count.active++;
    else if (state === 'waiting' || state === 'held') count.waiting++;
    else count.ready++;
  }
  return [...queues.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1));
}
