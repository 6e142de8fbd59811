// Watches the length of content lines (RFC 5321 4.5.3.1.6) over pieces of content, however they are cut.

const lineFeed = 0x0a;

export class TextLineLimit {
  readonly #maxBytes: number;
  #lineBytes = 0;

  /** @param maxBytes - the longest line in octets, with its CRLF and without a stuffed dot */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  restart(): void {
    this.#lineBytes = 0;
  }

  /** How many bytes of the piece come before a line becomes too long; all of them if none does. */
  allowed(piece: Uint8Array): number {
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
