// A message as RETR and TOP send it (RFC 1939 3, 5 and 7): line ends become CRLF, a dot at the beginning of a line gets another one before it.
// It comes in any pieces, and is never held as a whole.

import { Buffer } from 'node:buffer';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dot = 0x2e;

const crlf = Buffer.from('\r\n');

export class MessageLines {
  /** Lines of the body that may still be sent; Infinity for all. */
  #linesLeft: number;
  #isHeader = true;
  /** The next byte is the first of a line. */
  #isLineStart = true;
  #lastWasReturn = false;
  /** Nothing was in this line, but perhaps a carriage return. */
  #isEmptyLine = true;

  /** @param lines - of the body, behind the header and the empty line; undefined for all */
  constructor(lines: number | undefined) {
    this.#linesLeft = lines ?? Infinity;
  }

  /** Nothing more of the message is needed. */
  get isOver(): boolean {
    return !this.#isHeader && this.#linesLeft <= 0;
  }

  /** @returns what is to be sent for a piece of the message */
  add(piece: Uint8Array): Uint8Array {
    // At worst each byte is a line feed, or a dot behind one.
    const output = Buffer.allocUnsafe(piece.length * 2 + 1);
    let length = 0;
    for (let at = 0; at < piece.length && !this.isOver;) {
      const first = piece[at] ?? 0;
      if (this.#isLineStart && first === dot) output[length++] = dot;
      const end = piece.indexOf(lineFeed, at);
      const until = end === -1 ? piece.length : end;
      if (until > at) {
        output.set(piece.subarray(at, until), length);
        length += until - at;
        this.#noteText(piece, at, until);
      }
      if (end === -1) break;
      if (!this.#lastWasReturn) output[length++] = carriageReturn;
      output[length++] = lineFeed;
      this.#endLine();
      at = end + 1;
    }
    return output.subarray(0, length);
  }

  /** @returns what is to be sent behind the last piece, without the dot that ends the answer: the end of a line without one */
  end(): Uint8Array {
    if (this.#isLineStart) return crlf.subarray(0, 0);
    this.#isLineStart = true;
    return this.#lastWasReturn ? crlf.subarray(1) : crlf;
  }

  #noteText(piece: Uint8Array, from: number, until: number): void {
    const last = piece[until - 1];
    if (!this.#isLineStart || until - from > 1 || last !== carriageReturn) this.#isEmptyLine = false;
    this.#isLineStart = false;
    this.#lastWasReturn = last === carriageReturn;
  }

  #endLine(): void {
    if (!this.#isHeader) this.#linesLeft--;
    else if (this.#isEmptyLine) this.#isHeader = false;
    this.#isLineStart = true;
    this.#lastWasReturn = false;
    this.#isEmptyLine = true;
  }
}

/** Counts the octets of a message as RETR sends it, without dots: as STAT and LIST tell them. */
export class OctetCount {
  #octets = 0;
  #last = lineFeed;

  add(piece: Uint8Array): void {
    this.#octets += piece.length;
    let before = this.#last;
    for (let at = piece.indexOf(lineFeed); at !== -1; at = piece.indexOf(lineFeed, at + 1)) {
      if (at > 0) before = piece[at - 1] ?? 0;
      if (before !== carriageReturn) this.#octets++;
    }
    this.#last = piece.at(-1) ?? this.#last;
  }

  /** Of the whole message. A last line without an end gets one. */
  get octets(): number {
    if (this.#last === lineFeed) return this.#octets;
    return this.#octets + (this.#last === carriageReturn ? 1 : 2);
  }
}
