// Reads one netstring (D. J. Bernstein, "Netstrings", 1997-02-01) out of bytes that may be cut anywhere. Promises: it keeps none of the
// bytes in the netstring, and a length that is not allowed is known before the first of them.

import { Buffer } from 'node:buffer';
import type { InputQueue } from '../smtp/server/input-queue.ts';

const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const comma = 0x2c;

/** A length of more digits is not exact as a number. It is 900 TB. */
const mostDigits = 15;

/**
 * `none`: more bytes are needed. `length`: the length is known. `piece`: there are bytes in `piece`. `end`: the comma was read.
 * `malformed`: it is none, or it is longer than it may be; from then on nothing is read.
 */
export type NetstringStep = 'none' | 'length' | 'piece' | 'end' | 'malformed';

const nothing: Uint8Array = Buffer.alloc(0);

export class NetstringReader {
  /** After `length`: how many bytes are in it. */
  lengthBytes = 0;
  /** After `piece`: a view into a received chunk. */
  piece: Uint8Array = nothing;
  #state: 'digits' | 'content' | 'malformed' = 'digits';
  #digits = 0;
  #leftBytes = 0;
  #mostBytes = 0;

  /** Begins the next one. @param mostBytes - the longest that is allowed */
  start(mostBytes: number): void {
    this.#state = 'digits';
    this.#digits = 0;
    this.lengthBytes = 0;
    this.#mostBytes = mostBytes;
  }

  /** Takes the next byte, which is known already, out of the netstring. */
  skipByte(input: InputQueue): void {
    input.position++;
    this.#leftBytes--;
  }

  next(input: InputQueue): NetstringStep {
    this.piece = nothing; // a reader that waits must not keep a reference to a chunk
    if (this.#state === 'malformed') return 'malformed';
    if (this.#state === 'digits') return this.#readLength(input);
    if (!input.hasBytes()) return 'none';
    if (this.#leftBytes === 0) {
      if (input.chunk[input.position] !== comma) return this.#fail();
      input.position++;
      this.start(0);
      return 'end';
    }
    const to = Math.min(input.chunk.length, input.position + this.#leftBytes);
    this.piece = input.chunk.subarray(input.position, to);
    input.position = to;
    this.#leftBytes -= this.piece.length;
    return 'piece';
  }

  #readLength(input: InputQueue): NetstringStep {
    while (input.hasBytes()) {
      const byte = input.chunk[input.position++] as number;
      if (byte === colon && this.#digits > 0) {
        if (this.lengthBytes > this.#mostBytes) return this.#fail();
        this.#state = 'content';
        this.#leftBytes = this.lengthBytes;
        return 'length';
      }
      // Only the length 0 begins with the digit 0.
      const isAllowed = byte >= zero && byte <= nine && !(this.#digits > 0 && this.lengthBytes === 0);
      if (!isAllowed || ++this.#digits > mostDigits) return this.#fail();
      this.lengthBytes = this.lengthBytes * 10 + (byte - zero);
    }
    return 'none';
  }

  #fail(): NetstringStep {
    this.#state = 'malformed';
    return 'malformed';
  }
}
