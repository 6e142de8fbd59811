// Counts the recipients of each tenant in the queue. The whole queue is walked, in pieces, so that deliveries go on.

import type { TenantCount } from '../control/operations/common.ts';
import type { Timers } from '../io/timers.ts';
import type { QueuedRecipient, Scheduler } from '../schedule/types.ts';
import { eachRecipient } from './queue-walk.ts';

/** Counts recipients by their tenants. */
export class TenantTally {
  readonly #tenants = new Map<string, { -readonly [Name in keyof TenantCount]: TenantCount[Name] }>();

  add({ tenant, state }: QueuedRecipient): void {
    const count = this.#tenants.get(tenant) ?? { tenant, waiting: 0, ready: 0, active: 0 };
    this.#tenants.set(tenant, count);
    if (state === 'active') count.active++;
    else if (state === 'waiting' || state === 'held') count.waiting++;
    else count.ready++;
  }

  /** Sorted by name of the tenant; tenants without mail are left out. */
  get counts(): TenantCount[] {
    return [...this.#tenants.values()].sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
  }
}

/** Sorted by name of the tenant; tenants without mail are left out. @param counts - whether a recipient is counted */
export async function tenantCounts(
  scheduler: Pick<Scheduler, 'recipients'>,
  timers: Timers,
  counts: (recipient: QueuedRecipient) => boolean = () => true,
): Promise<TenantCount[]> {
  const tally = new TenantTally();
  await eachRecipient(scheduler, timers, (recipient) => {
    if (counts(recipient)) tally.add(recipient);
  });
  return tally.counts;
}
