// Checks the length of content lines (RFC 5321 4.5.3.1.6) in pieces of content, which may be cut anywhere.

const lineFeed = 0x0a;

export class TextLineLimit {
  readonly #maxBytes: number;
  #lineBytes = 0;

  /** @param maxBytes - the longest line in octets, including its CRLF and without a stuffed dot */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  restart(): void {
    this.#lineBytes = 0;
  }

  /** The number of bytes of the piece before a line becomes too long; its length if none does. */
  allowedBytes(piece: Uint8Array): number {
    let from = 0;
    for (;;) {
      const lf = piece.indexOf(lineFeed, from);
      const to = lf === -1 ? piece.length : lf + 1;
      const over = this.#lineBytes + (to - from) - this.#maxBytes;
      if (over > 0) return to - over;
      if (lf === -1) {
        this.#lineBytes += to - from;
        return piece.length;
      }
      this.#lineBytes = 0;
      from = to;
    }
  }
}
