// Turns text of local programs into lines of a message, piece by piece: an LF, with any CRs before it, becomes CRLF (RFC 5321
// 2.3.8). CR CR LF comes from programs that convert LF to CRLF twice. A CR without an LF is no line end here: `prepareSubmission`
// decides about it.

import { Buffer } from 'node:buffer';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dot = 0x2e;

export class LineEndings {
  /** A line with only a dot has ended the text: further bytes are ignored. */
  ended = false;
  readonly #dotEnds: boolean;
  /** There were CRs that may belong to a line end; several count as one. */
  #afterCr = false;
  /** Octets of the current line. */
  #lineBytes = 0;
  #onlyDot = false;

  /** @param dotEnds - a line with only a dot ends the text, as in sendmail without `-i` */
  constructor(dotEnds: boolean) {
    this.#dotEnds = dotEnds;
  }

  /** Converts the next piece. A byte whose meaning depends on the next one is kept for the next call. */
  convert(piece: Uint8Array): Buffer {
    const out = Buffer.allocUnsafe(piece.length * 2 + 3);
    let length = 0;
    for (const c of piece) {
      if (this.ended) break;
      if (c === carriageReturn) {
        this.#afterCr = true;
      } else if (c === lineFeed) {
        length = this.#endLine(out, length);
      } else {
        if (this.#afterCr) length = this.#addByte(out, length, carriageReturn);
        length = this.#addByte(out, length, c);
      }
    }
    return out.subarray(0, length);
  }

  /** Ends the text: returns the bytes that were kept, and ends the last line if it has no line end. */
  finish(): Buffer {
    if (this.ended || (this.#lineBytes === 0 && !this.#afterCr)) return Buffer.alloc(0);
    const out = Buffer.allocUnsafe(3);
    return out.subarray(0, this.#endLine(out, 0));
  }

  #addByte(out: Buffer, at: number, c: number): number {
    let length = at;
    this.#afterCr = false;
    if (this.#onlyDot) out[length++] = dot;
    this.#onlyDot = this.#dotEnds && this.#lineBytes === 0 && c === dot;
    if (!this.#onlyDot) out[length++] = c;
    this.#lineBytes++;
    return length;
  }

  #endLine(out: Buffer, at: number): number {
    let length = at;
    this.#afterCr = false;
    if (this.#onlyDot && this.#lineBytes === 1) {
      this.ended = true;
      return length;
    }
    out[length++] = carriageReturn;
    out[length++] = lineFeed;
    this.#lineBytes = 0;
    this.#onlyDot = false;
    return length;
  }
}
