// The stores of all queues as one receiver process writes to them, and which of them the mail of a listener is for.

import type { Config } from '../../config/config.ts';
import type { Assignment } from '../../policy/queues/assignment.ts';
import { onlyPlace, type StorePlace, type StorePlaces } from '../../receive/store-places.ts';
import { StoreWatch, type StoreWatchParts } from '../../receive/store-watch.ts';
import { followWriters, openWriters, spoolFolders } from '../../spool/open.ts';
import { probeSpool } from '../../spool/probe.ts';
import type { LiveStores } from '../../spool/store-access.ts';
import type { SpoolWriter } from '../../spool/types.ts';
import { defaultQueue } from '../../values/queue-name.ts';
import { liveStores, storeSettings } from './stores.ts';

type Surroundings = Pick<StoreWatchParts, 'log' | 'troubles'>;
type WriterOptions = Parameters<typeof openWriters>[1];

/** A store with what watches it. */
interface WatchedStore extends StorePlace {
  watch: StoreWatch;
  /** The folder that is watched. */
  directory: string;
}

/** The stores as one receiver writes to them. They may grow, and each but the first may be stopped and moved. */
export class ReceiverStores {
  readonly #stores: LiveStores;
  readonly #options: WriterOptions;
  readonly #around: Surroundings;
  readonly #writers: SpoolWriter[];
  readonly #places: [WatchedStore, ...WatchedStore[]];

  private constructor(
    config: Config,
    stores: LiveStores,
    writers: [SpoolWriter, ...SpoolWriter[]],
    options: WriterOptions,
    around: Surroundings,
  ) {
    this.#stores = stores;
    this.#options = options;
    this.#around = around;
    this.#writers = writers;
    const [first] = writers;
    this.#places = [{ spool: first, watch: this.#watch(config.spool, undefined), directory: config.spool }];
    this.#follow(config);
  }

  /** @param slot - of this process. @throws {SpoolError} when the only store cannot be written; of several, each comes when it can be */
  static async open(config: Config, slot: number, around: Surroundings): Promise<ReceiverStores> {
    const { segmentSize, reserve, sync } = config.queue;
    const options = { slot, segmentBytes: segmentSize, reserveBytes: reserve, sync };
    const stores = liveStores(config);
    return new ReceiverStores(config, stores, await openWriters(stores.all, options), options, around);
  }

  /** By number. */
  get places(): readonly [StorePlace, ...StorePlace[]] {
    return this.#places;
  }

  /** Follows the configuration. Resolves when the files of queues that it stops are closed. */
  async configure(config: Config): Promise<void> {
    this.#stores.configure(storeSettings(config));
    const { all } = this.#stores;
    if (all.length === 1) return;
    const closed = followWriters(this.#writers, all, this.#options);
    this.#follow(config);
    await closed;
  }

  stopWatching(): void {
    for (const { watch } of this.#places) watch.stop();
  }

  async close(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.close()));
  }

  /** A place for each writer, with a watch over its folder; nothing is tried in the folder of a queue that is stopped. */
  #follow({ queues }: Config): void {
    for (const [index, spool] of this.#writers.entries()) {
      const queue = queues[index - 1];
      if (index === 0 || queue === undefined) continue;
      const { name, path: directory, stopped } = queue;
      const known = this.#places[index];
      if (known === undefined) {
        this.#places.push({ queue: name, spool, watch: this.#watch(directory, name), directory });
      } else if (stopped === true) known.watch.stop();
      else if (known.watch.isStopped || known.directory !== directory) {
        known.watch.stop();
        Object.assign(known, { watch: this.#watch(directory, name), directory });
      }
    }
  }

  #watch(directory: string, queue: string | undefined): StoreWatch {
    const { slot, sync } = this.#options;
    // In a folder where receivers write, which the spool itself may not be.
    const [probed = directory] = spoolFolders(directory).written;
    const probe = { directory: probed, name: String(slot), sync: sync === 'fdatasync' };
    return new StoreWatch({ ...this.#around, directory, queue, probe: () => probeSpool(probe) });
  }
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
  if (all.length === 1) return { ...onlyPlace(first.spool, first.watch), all, of: () => first };
  const of: StorePlaces['of'] = ({ origin, tenant, reversePath, whole }, address) => {
    const { client, principal = '' } = origin;
    const mail = { tenant, client, reversePath, principal, listener, whole };
    for (const chooser of choosers) {
      const store = chooser.of(mail, address);
      const place = store === undefined ? undefined : all[store];
      if (place !== undefined) return place;
    }
    return first;
  };
  return {
    all,
    of,
    queueOf: (mail, address) => of(mail, address).queue ?? defaultQueue,
    get looksAtHeader() {
      return choosers.some((chooser) => chooser.looksAtHeader);
    },
  };
}
