// The stores of an instance, as every process of it has to list them: a store's number is its place in this list. What lies
// beside the mail (overrides, rates, clock, lock, sockets) belongs to the instance, and stays in the folder `spool`.

import type { Config } from '../../config/config.ts';
import { nodeTimers } from '../../io/timers.ts';
import { LiveStores, type StoreSettings } from '../../spool/store-access.ts';

type StoreConfig = Pick<Config, 'spool' | 'queues' | 'queue'>;

export function storeSettings({ spool, queues, queue }: StoreConfig): StoreSettings[] {
  const others = queues.map((each): StoreSettings => {
    const { compression = queue.compression, compressionLevel = queue.compressionLevel } = each;
    return {
      directory: each.path,
      reserveBytes: each.reserve,
      compressionLevel: compression === 'zstd' ? compressionLevel : undefined,
      mustExist: true,
      isStopped: each.stopped === true,
    };
  });
  const { compression, compressionLevel } = queue;
  return [
    { directory: spool, compressionLevel: compression === 'zstd' ? compressionLevel : undefined },
    ...others,
  ];
}

/** Access of this process to the stores. Call it once in a process, so that each store has one share of its threads. */
export function liveStores(config: StoreConfig): LiveStores {
  return new LiveStores(storeSettings(config), nodeTimers);
}
