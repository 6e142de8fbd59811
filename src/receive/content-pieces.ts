// The pieces of a message's content while they are gathered. A content of stuffed dots comes in tiny pieces, each an
// object of its own: they are joined as they come, so that memory stays in proportion to bytes.

/** Pieces that are kept apart at most; more are joined into one block. */
const looseAtMost = 128;

export class ContentPieces {
  #blocks: Uint8Array[] = [];
  #loose: Uint8Array[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#loose.push(piece) < looseAtMost) return;
    this.#blocks.push(Buffer.concat(this.#loose));
    this.#loose = [];
  }

  /** All pieces so far, in order; from here on there are none. */
  take(): Uint8Array[] {
    const pieces = this.#blocks.length === 0 ? this.#loose : [...this.#blocks, ...this.#loose];
    this.#blocks = [];
    this.#loose = [];
    this.#bytes = 0;
    return pieces;
  }
}
