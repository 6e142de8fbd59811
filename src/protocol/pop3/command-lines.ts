// Takes lines from what a client has sent. Promises: what is kept of a line is bounded, however it comes and however long it is.

import { Buffer } from 'node:buffer';
import type { InputQueue } from '../smtp/server/input-queue.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** RFC 5034 4: the longest response of a client with its CRLF; commands are shorter (RFC 2449 4). */
export const longestLine = 12_288;

export class CommandLines {
  readonly #input: InputQueue;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(input: InputQueue) {
    this.#input = input;
  }

  /** @returns the next line without its end, which is CRLF or a bare LF; undefined: it has not come as a whole yet */
  next(): Buffer | 'too-long' | undefined {
    const input = this.#input;
    while (input.hasBytes()) {
      const end = input.chunk.indexOf(lineFeed, input.position);
      const piece = input.chunk.subarray(input.position, end === -1 ? input.chunk.length : end);
      input.position += piece.length + (end === -1 ? 0 : 1);
      this.#add(piece);
      if (end !== -1) return this.#take();
    }
    return undefined;
  }

  #add(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > longestLine) this.#pieces = [];
    // A copy: the chunk may be much larger than what is kept of it.
    else if (piece.length > 0) this.#pieces.push(Buffer.from(piece));
  }

  #take(): Buffer | 'too-long' {
    const [first] = this.#pieces;
    const line = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
    const isTooLong = this.#length > longestLine;
    this.#pieces = [];
    this.#length = 0;
    if (isTooLong) return 'too-long';
    return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
  }
}
