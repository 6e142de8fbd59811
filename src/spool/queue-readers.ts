// Reads from several stores: the reference says from which.

import type { Envelope, MessageHead } from '../message/envelope.ts';
import { SpoolError } from './spool-error.ts';
import type { StoreAccess } from './store-access.ts';
import type { QueueReader, StoredMessage, StoredRef } from './types.ts';

type Place = Pick<StoreAccess, 'directory' | 'isStopped' | 'number'>;

export class QueueReaders<Store extends Place = StoreAccess> implements QueueReader {
  /** By the number of the store. */
  readonly #readers: QueueReader[] = [];
  /** The folders that they read. */
  readonly #directories: string[] = [];
  readonly #open: (store: Store) => QueueReader;

  constructor(stores: readonly Store[], open: (store: Store) => QueueReader) {
    this.#open = open;
    this.follow(stores);
  }

  /** Reads stores that are new or have moved, and closes the files of those that are stopped. */
  follow(stores: readonly Store[]): void {
    for (const store of stores) {
      const { directory, isStopped, number } = store;
      if (isStopped || this.#directories[number] !== directory) this.#readers[number]?.close();
      if (this.#directories[number] === directory) continue;
      this.#directories[number] = directory;
      this.#readers[number] = this.#open(store);
    }
  }

  readFresh(ref: StoredRef): StoredMessage {
    return this.#of(ref).readFresh(ref);
  }

  async read(ref: StoredRef): Promise<StoredMessage> {
    return this.#of(ref).read(ref);
  }

  async readHead(ref: StoredRef): Promise<MessageHead> {
    return this.#of(ref).readHead(ref);
  }

  async readEnvelope(ref: StoredRef): Promise<Envelope> {
    return this.#of(ref).readEnvelope(ref);
  }

  async readDamagedEnvelope(queueId: string, ref: StoredRef): Promise<Envelope | undefined> {
    return this.#of(ref).readDamagedEnvelope(queueId, ref);
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }

  #of({ store }: StoredRef): QueueReader {
    const reader = this.#readers[store];
    if (reader !== undefined) return reader;
    // This process hears of a new queue later than others: nothing is missing.
    throw new SpoolError('SPOOL_UNREADABLE', `reading a message: there is no store ${store} here yet`);
  }
}
