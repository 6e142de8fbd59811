// Makes text of this system into lines of a message: an LF, with whatever CRs come before it, becomes CRLF (RFC 5321 2.3.8). A layer
// that makes CRLF of LF twice leaves CR CR LF. A CR that belongs to no LF is no line end here: `prepareSubmission` decides about it.
// Works on pieces.

import { Buffer } from 'node:buffer';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dot = 0x2e;

export class LineEndings {
  /** A line with nothing but a dot was found, and was asked to end the text: nothing more is taken. */
  ended = false;
  readonly #dotEnds: boolean;
  /** CRs that may belong to a line end; several are as good as one. */
  #afterCr = false;
  /** Octets of the current line. */
  #lineBytes = 0;
  #onlyDot = false;

  /** @param dotEnds - a line with nothing but a dot ends the text, as sendmail without `-i` has it */
  constructor(dotEnds: boolean) {
    this.#dotEnds = dotEnds;
  }

  /** Converts the next piece; what is known only from the next byte is put off. */
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

  /** The end of the text: gives what was put off, and ends the last line if it has no end. */
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
