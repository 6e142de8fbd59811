// Makes text of this system into lines of a message: LF, CR and CRLF all become CRLF (RFC 5321 2.3.8). Works on pieces.
import { Buffer } from 'node:buffer';

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

export class LineEndings {
  /** A line with nothing but a dot was found, and was asked to end the text: nothing more is taken. */
  ended = false;
  readonly #dotEnds: boolean;
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
      const secondOfCrlf = c === LF && this.#afterCr;
      this.#afterCr = c === CR;
      if (secondOfCrlf) continue;
      if (c === LF || c === CR) {
        length = this.#endLine(out, length);
      } else {
        if (this.#onlyDot) out[length++] = DOT;
        this.#onlyDot = this.#dotEnds && this.#lineBytes === 0 && c === DOT;
        if (!this.#onlyDot) out[length++] = c;
        this.#lineBytes++;
      }
    }
    return out.subarray(0, length);
  }

  /** The end of the text: gives what was put off, and ends the last line if it has no end. */
  finish(): Buffer {
    if (this.ended || this.#lineBytes === 0) return Buffer.alloc(0);
    const out = Buffer.allocUnsafe(3);
    return out.subarray(0, this.#endLine(out, 0));
  }

  #endLine(out: Buffer, at: number): number {
    let length = at;
    if (this.#onlyDot && this.#lineBytes === 1) {
      this.ended = true;
      return length;
    }
    out[length++] = CR;
    out[length++] = LF;
    this.#lineBytes = 0;
    this.#onlyDot = false;
    return length;
  }
}
