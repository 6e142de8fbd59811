// What a memory store keeps: its messages and what became of their recipients. The writers, readers and managers of one
// instance share it, as processes share a disk. It lives as long as the process, so it is for tests and trials only.

import type { Envelope } from '../../message/envelope.ts';
import type { LastRefusal } from '../../message/refusal-form.ts';
import { isQueueId } from '../queue-id.ts';
import { SpoolError } from '../spool-error.ts';
import type { StoredRef } from '../types.ts';

export interface KeptRecipient {
  isDone: boolean;
  attempts: number;
  nextAttemptAtMs: number;
  lastRefusal: LastRefusal;
}

export interface KeptMessage {
  /** Its place: counts up, and is never used again. */
  readonly number: number;
  readonly envelope: Envelope;
  /** The whole message: prefix and content. */
  readonly bytes: Buffer;
  /** Streamed while it arrived, so it is streamed to its readers, too. */
  readonly isLarge: boolean;
  readonly recipients: readonly KeptRecipient[];
  held: boolean;
  damage: string | undefined;
  warnedAfterMs: number | undefined;
  passesHolds: boolean;
}

export class KeptMessages {
  readonly #capacityBytes: number;
  readonly #byNumber = new Map<number, KeptMessage>();
  readonly #numbers = new Map<string, number>();
  /** Queue ids of messages that are done: a writer may report them again. */
  readonly #done = new Set<string>();
  #bytes = 0;
  #last = 0;

  /** @param capacityBytes - with more than this, new mail is refused as by a full disk */
  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#byNumber.size;
  }

  hasRoom(sizeBytes: number): boolean {
    return this.#bytes + sizeBytes <= this.#capacityBytes;
  }

  /** @throws {SpoolError} `SPOOL_FULL`, `SPOOL_BAD_ENVELOPE` */
  add(envelope: Envelope, bytes: Buffer, isLarge: boolean): KeptMessage {
    const { queueId, recipients } = envelope;
    if (!isQueueId(queueId)) {
      throw new SpoolError('SPOOL_BAD_ENVELOPE', `"${queueId}" is not a queue id of this spool`);
    }
    if (recipients.length === 0) {
      throw new SpoolError('SPOOL_BAD_ENVELOPE', `message ${queueId} has no recipient`);
    }
    if (!this.hasRoom(bytes.length)) {
      const text = `storing a message of ${bytes.length} bytes: the memory has no room left`;
      throw new SpoolError('SPOOL_FULL', text);
    }
    const message: KeptMessage = {
      number: ++this.#last,
      envelope,
      bytes,
      isLarge,
      recipients: recipients.map(() => ({ isDone: false, attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' })),
      held: envelope.quarantine !== undefined,
      damage: undefined,
      warnedAfterMs: undefined,
      passesHolds: false,
    };
    this.#byNumber.set(message.number, message);
    this.#numbers.set(queueId, message.number);
    this.#bytes += bytes.length;
    return message;
  }

  /** @throws {SpoolError} `SPOOL_MISSING` */
  at(ref: StoredRef): KeptMessage {
    const message = this.#byNumber.get(ref.place[0] ?? -1);
    if (message !== undefined) return message;
    throw new SpoolError('SPOOL_MISSING', `reading a message: nothing is kept at [${ref.place.join(', ')}]`);
  }

  find(queueId: string): KeptMessage | undefined {
    return this.#byNumber.get(this.#numbers.get(queueId) ?? -1);
  }

  isDone(queueId: string): boolean {
    return this.#done.has(queueId);
  }

  /** Forgets a message without waiting recipients. */
  finish({ number, envelope, bytes }: KeptMessage): void {
    this.#byNumber.delete(number);
    this.#numbers.delete(envelope.queueId);
    this.#done.add(envelope.queueId);
    this.#bytes -= bytes.length;
  }

  [Symbol.iterator](): IterableIterator<KeptMessage> {
    return this.#byNumber.values();
  }
}
