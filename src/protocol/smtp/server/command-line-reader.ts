// Finds command lines in received chunks, which may be cut anywhere (RFC 5321 2.3.8: only CRLF ends a line).
// A line within one chunk is not copied. Memory is bounded by the longest line allowed.

import { Buffer, isUtf8 } from 'node:buffer';
import type { InputQueue } from './input-queue.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** The record type with which a TLS client begins. No command begins with this byte. */
const tlsHandshake = 0x16;

const nothing = Buffer.alloc(0);
/** Results of `#findLf` that are no index. */
const notFound = -1;
const bare = -2;

/**
 * `none`: more bytes are needed. `bare`: there was a bare CR or LF; `tls`: a TLS client begins its handshake; after these two, the
 * rest of the input is dropped. The others are complete lines.
 */
export type LineVerdict = 'none' | 'line' | 'bare' | 'tls' | 'too-long' | 'control' | 'not-utf8';

export class CommandLineReader {
  readonly #maxBytes: number;
  /** The beginning of a line whose end was not received yet. Allocated once. */
  #kept: Buffer | undefined;
  #keptBytes = 0;
  /** Octets of the line so far, including those for which there was no room in `#kept`. */
  #lineBytes = 0;
  #afterCr = false;
  #control = false;
  #nonAscii = false;
  #lineIsAscii = true;

  /** The line of the last verdict, from `start` to `end`, without CRLF. Of a line that is too long, the first `maxBytes`. */
  bytes: Buffer = nothing;
  start = 0;
  end = 0;

  /** @param maxBytes - the longest line in octets, including its CRLF */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Reads until a line is complete or the input is used up. */
  read(input: InputQueue): LineVerdict {
    while (input.hasBytes()) {
      const { chunk, position } = input;
      if (this.#lineBytes === 0 && chunk[position] === tlsHandshake) {
        input.clear();
        return 'tls';
      }
      const lf = this.#findLf(chunk, position);
      if (lf === bare) {
        input.clear();
        return 'bare';
      }
      const stop = lf === notFound ? chunk.length : lf + 1;
      input.position = stop;
      this.#lineBytes += stop - position;
      if (lf !== notFound) return this.#complete(chunk, position, stop);
      this.#keep(chunk, position, stop);
    }
    this.bytes = nothing; // an idle session must not keep a reference to a chunk
    return 'none';
  }

  /** The text of the line from an offset on. */
  text(offset: number): string {
    return this.bytes.toString(this.#lineIsAscii ? 'latin1' : 'utf8', this.start + offset, this.end);
  }

  /** The index of the LF of the CRLF that ends the line, or `bare` or `notFound`. */
  #findLf(chunk: Buffer, from: number): number {
    if (this.#afterCr) {
      this.#afterCr = false;
      return chunk[from] === lineFeed ? from : bare;
    }
    for (let i = from; i < chunk.length; i++) {
      const c = chunk[i] as number;
      if (c >= 0x20 && c < 0x7f) continue;
      if (c > 0x7f) {
        this.#nonAscii = true;
      } else if (c === carriageReturn) {
        if (i + 1 < chunk.length) return chunk[i + 1] === lineFeed ? i + 1 : bare;
        this.#afterCr = true;
      } else if (c === lineFeed) {
        return bare;
      } else {
        this.#control = true;
      }
    }
    return notFound;
  }

  #complete(chunk: Buffer, from: number, to: number): LineVerdict {
    const tooLong = this.#lineBytes > this.#maxBytes;
    const control = this.#control;
    this.#lineIsAscii = !this.#nonAscii;
    const length = Math.min(this.#lineBytes - 2, this.#maxBytes);
    if (this.#keptBytes > 0) {
      this.#keep(chunk, from, to);
      this.bytes = this.#kept ?? chunk;
      this.start = 0;
    } else {
      this.bytes = chunk;
      this.start = from;
    }
    this.end = this.start + length;
    this.#keptBytes = 0;
    this.#lineBytes = 0;
    this.#control = false;
    this.#nonAscii = false;
    if (tooLong) return 'too-long';
    if (control) return 'control';
    if (!this.#lineIsAscii && !isUtf8(this.bytes.subarray(this.start, this.end))) return 'not-utf8';
    return 'line';
  }

  /** Copies as much as there is room for. */
  #keep(chunk: Buffer, from: number, to: number): void {
    this.#kept ??= Buffer.allocUnsafe(this.#maxBytes);
    this.#keptBytes += chunk.copy(this.#kept, this.#keptBytes, from, to);
  }
}
