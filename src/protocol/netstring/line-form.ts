// Content with CRLF as its line ends, which it has everywhere in Sluice, in the form with LF alone, which QMQP sends.

import { Buffer } from 'node:buffer';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Takes the CR out of each CRLF. Content may be cut anywhere. */
export class LineFeedForm {
  #afterCr = false;

  /** A CR at the end of a piece comes with the next one. */
  convert(piece: Uint8Array): Uint8Array {
    const held = this.#afterCr ? 1 : 0;
    if (held === 0 && !piece.includes(carriageReturn)) return piece;
    const out = Buffer.allocUnsafe(piece.length + held);
    let length = 0;
    for (const byte of piece) {
      if (this.#afterCr && byte !== lineFeed) out[length++] = carriageReturn;
      this.#afterCr = byte === carriageReturn;
      if (!this.#afterCr) out[length++] = byte;
    }
    return out.subarray(0, length);
  }

  /** What is left at the end of the content. */
  finish(): Uint8Array {
    const rest = this.#afterCr ? Uint8Array.of(carriageReturn) : new Uint8Array();
    this.#afterCr = false;
    return rest;
  }
}

/** How many bytes content has in the form with LF alone. Content may be cut anywhere. */
export class LineFeedSize {
  #bytes = 0;
  #endsWithCr = false;

  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    if (this.#endsWithCr && piece[0] === lineFeed) this.#bytes--;
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let at = chunk.indexOf(carriageReturn); at !== -1; at = chunk.indexOf(carriageReturn, at + 1)) {
      if (chunk[at + 1] === lineFeed) this.#bytes--;
    }
    this.#endsWithCr = piece.at(-1) === carriageReturn;
  }

  get bytes(): number {
    return this.#bytes;
  }
}
