// The stores of an instance, as every process of it has to list them: a store's number is its place in this list. What lies
// beside the mail (overrides, rates, clock, lock, sockets) belongs to the instance, and stays in the folder `spool`.

import type { Config } from '../../config/config.ts';
import { nodeTimers } from '../../io/timers.ts';
import { storeAccess, type StoreAccess } from '../../spool/store-access.ts';

/** Access of this process to the stores. Call it once in a process, so that each store has one share of its threads. */
export function storesOf({ spool, queues }: Pick<Config, 'spool' | 'queues'>): readonly StoreAccess[] {
  const others = queues.map(
    ({ path, reserve }) => ({ directory: path, reserveBytes: reserve, mustExist: true }) as const,
  );
  return storeAccess([{ directory: spool }, ...others], nodeTimers);
}
