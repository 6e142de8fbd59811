// A queue of received chunks, with a position for reading. Chunks are not copied or joined.

import { Buffer } from 'node:buffer';

const empty = Buffer.alloc(0);

export class InputQueue {
  /** The chunk that is being read. */
  chunk: Buffer = empty;
  /** The index of the next unread byte in `chunk`. */
  position = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #receivedBytes = 0;
  /** Has anything ever been received? */
  hasReceived = false;

  /** Bytes that were received and not read. */
  get size(): number {
    return this.chunk.length - this.position + this.#waitingBytes;
  }

  /** Bytes that were read, since the beginning. */
  get usedBytes(): number {
    return this.#receivedBytes - this.size;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#receivedBytes += bytes.length;
    this.hasReceived = true;
    const chunk = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.position < this.chunk.length) {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
    } else {
      this.chunk = chunk;
      this.position = 0;
    }
  }

  /** Moves to the next chunk if this one was read to its end; false if no bytes are left. */
  hasBytes(): boolean {
    if (this.position < this.chunk.length) return true;
    const next = this.#waiting.shift();
    this.chunk = next ?? empty;
    this.position = 0;
    this.#waitingBytes -= this.chunk.length;
    return next !== undefined;
  }

  /**
   * Removes the last byte that was not read, which must be the next that is pushed.
   * @param few - with no more bytes than this that were not read, it stays
   * @returns undefined when it stays, and when all were read
   */
  takeLast(few = 0): Buffer | undefined {
    if (this.size <= few) return undefined;
    const last = this.#waiting.pop();
    if (last === undefined) {
      const end = this.chunk.length - 1;
      const byte = this.chunk.subarray(end);
      this.#receivedBytes--;
      this.chunk = this.chunk.subarray(0, end);
      return byte;
    }
    this.#waitingBytes--;
    this.#receivedBytes--;
    if (last.length > 1) this.#waiting.push(last.subarray(0, -1));
    return last.subarray(-1);
  }

  clear(): void {
    this.chunk = empty;
    this.position = 0;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
