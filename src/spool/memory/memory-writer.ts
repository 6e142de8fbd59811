// The writing side of a memory store.

import type { Envelope } from '../../message/envelope.ts';
import { counterLimit, formatQueueId, nextSegmentId, segmentName } from '../queue-id.ts';
import { SpoolError } from '../spool-error.ts';
import type { Appended, LargeContent, NewMessage, SpoolWriter } from '../types.ts';
import type { KeptMessages } from './kept-messages.ts';

/** The size of the pieces in which large content is read. */
const readBytes = 64 * 1024;

export class MemoryWriter implements SpoolWriter {
  readonly failure = undefined;
  readonly #kept: KeptMessages;
  readonly #store: number;
  readonly #slot: number;
  readonly #now: () => number;
  #idSegment = -1;
  #counter = counterLimit;
  #isClosed = false;

  constructor(kept: KeptMessages, store: number, slot: number, now: () => number) {
    this.#kept = kept;
    this.#store = store;
    this.#slot = slot;
    this.#now = now;
  }

  newQueueId(): string {
    if (this.#counter === counterLimit) {
      this.#idSegment = nextSegmentId(this.#idSegment, this.#now(), this.#slot);
      this.#counter = 0;
    }
    return formatQueueId(segmentName(this.#idSegment), this.#counter++);
  }

  async append({ envelope, prefix, content }: NewMessage): Promise<Appended> {
    return this.#add(envelope, Buffer.concat(prefix === undefined ? content : [prefix, ...content]), false);
  }

  async openLarge(queueId: string): Promise<LargeContent> {
    const kept = this.#kept;
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    let isOpen = true;
    const end = (): void => {
      isOpen = false;
    };
    const requireOpen = (): void => {
      if (isOpen) return;
      throw new SpoolError('SPOOL_WRITE_FAILED', `large message ${queueId} is no longer being written`);
    };
    return {
      get sizeBytes() {
        return sizeBytes;
      },
      write: async (piece) => {
        requireOpen();
        if (!kept.hasRoom(sizeBytes + piece.length)) {
          throw new SpoolError('SPOOL_FULL', `storing large message ${queueId}: the memory has no room left`);
        }
        pieces.push(Buffer.from(piece));
        sizeBytes += piece.length;
      },
      commit: async (envelope, prefix) => {
        requireOpen();
        end();
        if (prefix !== undefined) pieces.unshift(Buffer.from(prefix));
        return this.#add(envelope, Buffer.concat(pieces), true);
      },
      async *read() {
        for (const piece of pieces) {
          for (let at = 0; at < piece.length; at += readBytes) yield piece.subarray(at, at + readBytes);
        }
      },
      abort: async () => end(),
    };
  }

  hasRoom(sizeBytes: number): boolean {
    return this.#kept.hasRoom(sizeBytes);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #add(envelope: Envelope, bytes: Buffer, isLarge: boolean): Appended {
    if (this.#isClosed) throw new SpoolError('SPOOL_NOT_OPEN', 'storing a message: the spool is closed');
    const { number } = this.#kept.add(envelope, bytes, isLarge);
    return { ref: { store: this.#store, place: [number] }, sizeBytes: bytes.length };
  }
}
