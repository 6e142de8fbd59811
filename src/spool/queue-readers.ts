// Reads from several stores: the reference says from which.

import type { Envelope, MessageHead } from '../message/envelope.ts';
import { SpoolError } from './spool-error.ts';
import type { QueueReader, StoredMessage, StoredRef } from './types.ts';

export class QueueReaders implements QueueReader {
  readonly #readers: readonly QueueReader[];

  /** @param readers - by the number of the store */
  constructor(readers: readonly QueueReader[]) {
    this.#readers = readers;
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
    throw new SpoolError('SPOOL_MISSING', `reading a message: there is no store ${store}`);
  }
}
