// Repairs the line ends of content with a bare CR or LF (RFC 5321 2.3.8): its result has none. A bare LF, or an LF after one or more
// CRs, becomes CRLF. Another CR becomes a blank in the header, where a line end would begin a field that the author did not write.
// In the body it becomes CRLF, since programs write such CRs for progress bars.

import { Buffer } from 'node:buffer';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;

export class LineRepair {
  readonly #beginsWithHeader: boolean;
  /** Was the last byte a CR, which may belong to a line end? Several CRs count as one. */
  #afterCr = false;
  #lineIsEmpty = true;
  /** RFC 5322 2.1: the header ends at the first empty line. */
  #inHeader: boolean;

  /** @param beginsWith - what comes: a whole message, or its body alone */
  constructor(beginsWith: 'header' | 'body' = 'header') {
    this.#beginsWithHeader = beginsWith === 'header';
    this.#inHeader = this.#beginsWithHeader;
  }

  restart(): void {
    this.#afterCr = false;
    this.#lineIsEmpty = true;
    this.#inHeader = this.#beginsWithHeader;
  }

  /** Repairs the next piece. Bytes that depend on the following one come with the next piece. */
  convert(piece: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(piece.length * 2 + 2);
    let length = 0;
    for (const c of piece) {
      if (c === carriageReturn) {
        this.#afterCr = true;
      } else if (c === lineFeed) {
        length = this.#endLine(out, length);
      } else {
        if (this.#afterCr) length = this.#replaceBareCr(out, length);
        out[length++] = c;
        this.#lineIsEmpty = false;
      }
    }
    return out.subarray(0, length);
  }

  /** Ends the content: CRs at its end become its last line end. */
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

  #replaceBareCr(out: Buffer, at: number): number {
    if (!this.#inHeader) return this.#endLine(out, at);
    this.#afterCr = false;
    this.#lineIsEmpty = false;
    out[at] = space;
    return at + 1;
  }
}
