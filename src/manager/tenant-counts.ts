// Counts the recipients of each tenant in the queue. The whole queue is walked, in pieces, so that deliveries go on.

import type { TenantCount } from '../control/operations/common.ts';
import { nextTurn, type Timers } from '../io/timers.ts';
import type { QueuedRecipient, Scheduler } from '../schedule/types.ts';

/** Recipients that are looked at in one piece. */
const pieceRecipients = 2_000;

/** Sorted by name of the tenant; tenants without mail are left out. @param counts - whether a recipient is counted */
export async function tenantCounts(
  scheduler: Pick<Scheduler, 'recipients'>,
  timers: Timers,
  counts: (recipient: QueuedRecipient) => boolean = () => true,
): Promise<TenantCount[]> {
  const tenants = new Map<string, { -readonly [Name in keyof TenantCount]: TenantCount[Name] }>();
  let seen = 0;
  for (const recipient of scheduler.recipients()) {
    if (++seen % pieceRecipients === 0) await nextTurn(timers);
    if (!counts(recipient)) continue;
    const { tenant, state } = recipient;
    const count = tenants.get(tenant) ?? { tenant, waiting: 0, ready: 0, active: 0 };
    tenants.set(tenant, count);
    if (state === 'active') count.active++;
    else if (state === 'waiting' || state === 'held') count.waiting++;
    else count.ready++;
  }
  return [...tenants.values()].sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
}
