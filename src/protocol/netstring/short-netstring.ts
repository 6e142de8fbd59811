// Reads a netstring of bounded length as a whole: an address, or an answer.

import { Buffer } from 'node:buffer';
import type { InputQueue } from '../smtp/server/input-queue.ts';
import { NetstringReader } from './netstring-reader.ts';

/** `none`: more bytes are needed. `end`: it is in `bytes`. `malformed`: it is none, or it is too long. */
export type ShortNetstringStep = 'none' | 'end' | 'malformed';

export class ShortNetstring {
  readonly #reader = new NetstringReader();
  #pieces: Uint8Array[] = [];
  #keptBytes = 0;
  #mostKeptBytes = 0;
  #lengthBytes = 0;

  /**
   * Begins the next one.
   * @param mostBytes - the longest that is allowed
   * @param mostKeptBytes - of a longer one, the rest is read and dropped
   */
  start(mostBytes: number, mostKeptBytes = mostBytes): void {
    this.#reader.start(mostBytes);
    this.#mostKeptBytes = mostKeptBytes;
    this.#pieces = [];
    this.#keptBytes = 0;
    this.#lengthBytes = 0;
  }

  /** After `end`: what was kept. */
  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** After `end`: was all of it kept? */
  get isWhole(): boolean {
    return this.#keptBytes === this.#lengthBytes;
  }

  next(input: InputQueue): ShortNetstringStep {
    for (;;) {
      const step = this.#reader.next(input);
      switch (step) {
        case 'length':
          this.#lengthBytes = this.#reader.lengthBytes;
          break;
        case 'piece':
          this.#keep(this.#reader.piece);
          break;
        default:
          return step;
      }
    }
  }

  /** Pieces are copied: they may be few bytes of a large chunk. */
  #keep(piece: Uint8Array): void {
    const kept = Buffer.from(piece.subarray(0, this.#mostKeptBytes - this.#keptBytes));
    this.#keptBytes += kept.length;
    if (kept.length > 0) this.#pieces.push(kept);
  }
}
