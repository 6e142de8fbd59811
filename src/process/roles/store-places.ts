// The stores of all queues as one receiver process writes to them, and which of them the mail of a listener is for.

import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import type { Assignment } from '../../policy/queues/assignment.ts';
import type { StorePlace, StorePlaces } from '../../receive/store-places.ts';
import { StoreWatch } from '../../receive/store-watch.ts';
import { openWriters, spoolFolders } from '../../spool/open.ts';
import { probeSpool } from '../../spool/probe.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { storesOf } from './stores.ts';

/** A store with what watches it. */
interface WatchedStore extends StorePlace {
  readonly watch: StoreWatch;
}

export type WatchedStores = readonly [WatchedStore, ...WatchedStore[]];

/** @param slot - of this process. @throws {SpoolError} when the only store cannot be written; of several, each comes when it can be */
export async function openStorePlaces(
  config: Config,
  slot: number,
  { log, troubles }: { readonly log: Logger; readonly troubles: Troubles },
): Promise<WatchedStores> {
  const { segmentSize, reserve, sync } = config.queue;
  const options = { slot, segmentBytes: segmentSize, reserveBytes: reserve, sync };
  const [first, ...others] = await openWriters(storesOf(config), options);
  const watchOf = (directory: string, queue: string | undefined): StoreWatch => {
    // In a folder where receivers write, which the spool itself may not be.
    const [probed = directory] = spoolFolders(directory).written;
    const probe = { directory: probed, name: String(slot), sync: sync === 'fdatasync' };
    return new StoreWatch({ directory, queue, log, troubles, probe: () => probeSpool(probe) });
  };
  return [
    { spool: first, watch: watchOf(config.spool, undefined) },
    ...others.map((spool, index) => {
      const { path = '', name } = config.queues[index] ?? {};
      return { queue: name, spool, watch: watchOf(path, name) };
    }),
  ];
}

/** Knows the queue of some mail, by the number of its store. */
export type QueueChooser = Pick<Assignment, 'of' | 'looksAtHeader'>;

/**
 * @param choosers - are asked in this order; what none of them knows is for the default queue
 * @param listener - its name; empty for the submission socket
 */
export function placesOf(
  all: readonly [StorePlace, ...StorePlace[]],
  choosers: readonly QueueChooser[],
  listener: string,
): StorePlaces {
  const [first] = all;
  if (all.length === 1) return { all, of: () => first, looksAtHeader: false };
  return {
    all,
    of({ origin, tenant, reversePath, whole }, address) {
      const { client, principal = '' } = origin;
      const mail = { tenant, client, reversePath, principal, listener, whole };
      for (const chooser of choosers) {
        const store = chooser.of(mail, address);
        const place = store === undefined ? undefined : all[store];
        if (place !== undefined) return place;
      }
      return first;
    },
    get looksAtHeader() {
      return choosers.some((chooser) => chooser.looksAtHeader);
    },
  };
}
