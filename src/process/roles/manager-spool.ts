// The stores of mail as the manager's process opens them, and follows them when queues are added, stopped, moved or started.

import type { Config } from '../../config/config.ts';
import type { Spool } from '../../manager/ports.ts';
import {
  followReaders,
  followStores,
  followWriters,
  openReaders,
  openStores,
  openWriters,
} from '../../spool/open.ts';
import type { LiveStores, StoreAccess } from '../../spool/store-access.ts';
import type { QueuesEvents } from '../../spool/store-opener.ts';
import type { QueueReader, SpoolStore, SpoolWriter } from '../../spool/types.ts';
import { managerSlots } from './slots.ts';
import { liveStores, storeSettings } from './stores.ts';

export class ManagerSpool implements Spool {
  readonly #stores: LiveStores;
  readonly #storeOptions: Parameters<typeof openStores>[1];
  readonly #writerOptions: Parameters<typeof openWriters>[1];
  #queues: readonly string[] = [];
  #store: SpoolStore | undefined;
  #reader: QueueReader | undefined;
  #writers: SpoolWriter[] = [];

  constructor(config: Config) {
    const { journalSync, relocateAfter, segmentSize, sync } = config.queue;
    this.#stores = liveStores(config);
    this.#storeOptions = {
      slot: managerSlots.longLived,
      journalSyncMs: journalSync,
      segmentBytes: segmentSize,
      relocateAfterMs: relocateAfter,
    };
    this.#writerOptions = { slot: managerSlots.bounces, segmentBytes: segmentSize, reserveBytes: 0, sync };
    this.#queues = namesOf(config);
  }

  get queues(): readonly string[] {
    return this.#queues;
  }

  async openStore(events: QueuesEvents): Promise<SpoolStore> {
    this.#store = await openStores(this.#stores.all, this.#storeOptions, events);
    return this.#store;
  }

  openReader(): QueueReader {
    this.#reader = openReaders(this.#stores.all);
    return this.#reader;
  }

  async openWriters(): Promise<readonly SpoolWriter[]> {
    this.#writers = await openWriters(this.#writable, this.#writerOptions);
    return this.#writers;
  }

  /** Follows the configuration. Resolves when queues that it stops have nothing in flight, and their files are closed. */
  async configure(config: Config): Promise<void> {
    this.#queues = namesOf(config);
    this.#stores.configure(storeSettings(config));
    const { all } = this.#stores;
    if (all.length === 1) return;
    // Reports are stored until no message of a queue that stops is in hand.
    if (this.#store !== undefined) await followStores(this.#store, all, this.#storeOptions);
    await followWriters(this.#writers, this.#writable, this.#writerOptions);
    if (this.#reader !== undefined) followReaders(this.#reader, all);
  }

  /** Bounces may use the reserve: a failed message leaves the queue only after its report is stored. All else is as it is at any moment. */
  get #writable(): readonly StoreAccess[] {
    return this.#stores.all.map(
      (store): StoreAccess => Object.create(store, { reserveBytes: { value: undefined } }) as StoreAccess,
    );
  }
}

function namesOf({ queues }: Config): readonly string[] {
  return queues.map(({ name }) => name);
}
