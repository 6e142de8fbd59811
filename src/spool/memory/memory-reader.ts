// Reads the messages of a memory store. None of them is ever damaged, so there is nothing to salvage.

import type { Envelope, MessageHead } from '../../message/envelope.ts';
import type { QueueReader, StoredMessage, StoredRef } from '../types.ts';
import type { KeptMessages } from './kept-messages.ts';

const pieceBytes = 64 * 1024;

export class MemoryReader implements QueueReader {
  readonly #kept: KeptMessages;

  constructor(kept: KeptMessages) {
    this.#kept = kept;
  }

  readFresh(ref: StoredRef): StoredMessage {
    const { bytes, envelope, isLarge } = this.#kept.at(ref);
    const content = isLarge ? undefined : bytes;
    return { envelope, sizeBytes: bytes.length, content, stream: () => pieces(bytes) };
  }

  async read(ref: StoredRef): Promise<StoredMessage> {
    return this.readFresh(ref);
  }

  async readEnvelope(ref: StoredRef): Promise<Envelope> {
    return this.#kept.at(ref).envelope;
  }

  async readHead(ref: StoredRef): Promise<MessageHead> {
    const { bytes, envelope } = this.#kept.at(ref);
    return { envelope, sizeBytes: bytes.length };
  }

  async readDamagedEnvelope(queueId: string, ref: StoredRef): Promise<Envelope | undefined> {
    const { envelope } = this.#kept.at(ref);
    return envelope.queueId === queueId ? envelope : undefined;
  }

  close(): void {}
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
