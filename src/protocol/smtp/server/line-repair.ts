// Repairs the line ends of content that comes with a CR or LF alone (RFC 5321 2.3.8): what it gives has none. CRs before an LF belong
// to its line end, an LF alone is one. Other CRs are no line end in the header, where they would begin a field that the writer of the
// text did not write: they become a blank. In the body they become one, as the sender of a progress bar means them.

import { Buffer } from 'node:buffer';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;

export class LineRepair {
  /** CRs that may belong to a line end; several are as good as one. */
  #afterCr = false;
  #lineIsEmpty = true;
  /** RFC 5322 2.1: the header goes up to the first empty line. */
  #inHeader = true;

  restart(): void {
    this.#afterCr = false;
    this.#lineIsEmpty = true;
    this.#inHeader = true;
  }

  /** The next piece, repaired; what depends on the byte after it comes with the next. */
  convert(piece: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(piece.length * 2 + 2);
    let length = 0;
    for (const c of piece) {
      if (c === carriageReturn) {
        this.#afterCr = true;
      } else if (c === lineFeed) {
        length = this.#endLine(out, length);
      } else {
        if (this.#afterCr) length = this.#loneCr(out, length);
        out[length++] = c;
        this.#lineIsEmpty = false;
      }
    }
    return out.subarray(0, length);
  }

  /** The end of content that ends with CRs: they are its last line end. */
  finish(): Uint8Array {
    const out = Buffer.allocUnsafe(2);
    return out.subarray(0, this.#afterCr ? this.#endLine(out, 0) : 0);
  }

  #endLine(out: Buffer, at: number): number {
    this.#afterCr = false;
    if (this.#lineIsEmpty) this.#inHeader = false;
    this.#lineIsEmpty = true;
    out[at] = carriageReturn;
    out[at + 1] = lineFeed;
    return at + 2;
  }

  #loneCr(out: Buffer, at: number): number {
    if (!this.#inHeader) return this.#endLine(out, at);
    this.#afterCr = false;
    this.#lineIsEmpty = false;
    out[at] = space;
    return at + 1;
  }
}
