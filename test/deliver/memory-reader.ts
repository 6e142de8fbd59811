// A spool in memory to read from, whose behaviour a test decides. A message's offset is its number.

import type { Envelope, EnvelopeRecipient, MessageHead } from '../../src/message/envelope.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { QueueReader, StoredMessage, StoredRef } from '../../src/spool/types.ts';
import type { Work } from '../../src/deliver/types.ts';

export interface MessageOptions {
  readonly to: readonly (string | EnvelopeRecipient)[];
  readonly content?: string;
  /** A large message: pieces come from here, one at a time. */
  readonly pieces?: () => AsyncIterable<Uint8Array>;
  readonly sizeBytes?: number;
  readonly envelope?: Partial<Envelope>;
  /** Still in the page cache: read at once. */
  readonly fresh?: boolean;
}

export class MemoryReader implements QueueReader {
  readonly #messages: StoredMessage[] = [];
  /** When set, reading fails so. */
  failure: SpoolError | undefined;
  /** When set, `read` waits for what it gives. */
  gate: (() => Promise<void>) | undefined;
  reads = 0;
  /** Envelopes of damaged messages that can still be read, by number. */
  readonly damagedEnvelopes = new Map<number, Envelope>();

  /** Puts a message into the spool and gives the work of delivering it to all its recipients. */
  add(options: MessageOptions): Work {
    const { content = 'Subject: x\r\n\r\nHello\r\n', pieces, fresh = true } = options;
    const queueId = `Q${this.#messages.length}`;
    const bytes = Buffer.from(content);
    const sizeBytes = options.sizeBytes ?? bytes.length;
    this.#messages.push({
      envelope: {
        queueId,
        receivedAtMs: 1_000,
        reversePath: 'a@from.test',
        recipients: options.to.map((to) => (typeof to === 'string' ? { address: to } : to)),
        body: '7BIT',
        smtpUtf8: false,
        origin: { via: 'smtp', clientAddress: '127.0.0.1', helo: 'client.test' },
        ...options.envelope,
      },
      sizeBytes,
      content: pieces === undefined ? bytes : undefined,
      stream: pieces ?? (() => [bytes] as unknown as AsyncIterable<Uint8Array>),
    });
    return {
      queueId,
      ref: { store: 0, place: [1, this.#messages.length - 1, sizeBytes] },
      recipients: options.to.map((_, index) => index),
      fresh,
    };
  }

  readFresh(ref: StoredRef): StoredMessage {
    this.reads++;
    if (this.failure !== undefined) throw this.failure;
    const message = this.#messages[ref.place[1] ?? -1];
    if (message === undefined) throw new SpoolError('SPOOL_MISSING', 'no such message');
    return message;
  }

  async read(ref: StoredRef): Promise<StoredMessage> {
    await this.gate?.();
    return this.readFresh(ref);
  }

  async readHead(ref: StoredRef): Promise<MessageHead> {
    const { sizeBytes } = this.readFresh(ref);
    return { envelope: await this.readEnvelope(ref), sizeBytes };
  }

  async readEnvelope(ref: StoredRef): Promise<Envelope> {
    return (await this.read(ref)).envelope;
  }

  /** The envelope of a damaged message, as far as it can be read. */
  async readDamagedEnvelope(_queueId: string, ref: StoredRef): Promise<Envelope | undefined> {
    return Promise.resolve(this.damagedEnvelopes.get(ref.place[1] ?? -1));
  }

  close(): void {}
}
