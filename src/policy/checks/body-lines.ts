// The lines of a body that comes in pieces. Promises: a line of any length takes bounded memory, since a long one is shown in pieces.

import { isUtf8 } from 'node:buffer';
import type { BodyLine } from './mime-walk.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** As line_length_limit of Postfix. RFC 5322 2.1.1 allows 998 characters. */
export const longestPiece = 2048;

export class BodyLines {
  /** What came after the last line end. */
  #rest: Buffer = Buffer.alloc(0);
  #start = 0;
  #isContinued = false;

  /** Takes the next piece. @returns the lines that are complete, and pieces of long ones */
  *take(piece: Uint8Array): Generator<BodyLine> {
    const bytes =
      this.#rest.length === 0
        ? Buffer.from(piece.buffer, piece.byteOffset, piece.length)
        : Buffer.concat([this.#rest, piece]);
    let at = 0;
    for (;;) {
      const found = bytes.indexOf(lineFeed, at);
      const end = found === -1 ? bytes.length : found;
      // One byte more: it may be the CR of the end of the line.
      while (end - at > longestPiece + 1) yield this.#line(bytes, at, (at += longestPiece), true);
      if (found === -1) break;
      yield this.#line(bytes, at, found + 1, false);
      at = found + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  /** The body has ended. */
  *end(): Generator<BodyLine> {
    if (this.#rest.length > 0 || this.#isContinued) yield this.#line(this.#rest, 0, this.#rest.length, false);
  }

  #line(bytes: Buffer, from: number, to: number, goesOn: boolean): BodyLine {
    let end = to;
    if (!goesOn && end > from && bytes[end - 1] === lineFeed) {
      end--;
      while (end > from && bytes[end - 1] === carriageReturn) end--;
    }
    const line = {
      text: textOf(bytes.subarray(from, end)),
      start: this.#start,
      end: this.#start + to - from,
      isContinued: this.#isContinued,
    };
    this.#start = line.end;
    this.#isContinued = goesOn;
    return line;
  }
}

/** Bytes that are no UTF-8 are taken for Latin-1: each has to be something. */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return isUtf8(buffer) ? buffer.toString('utf8') : buffer.toString('latin1');
}
