// Gathers the pieces of a message's content. Content of stuffed dots comes in tiny pieces, each of them an object: they are joined
// from time to time, so that memory stays in proportion to the bytes.

/** At this number, separate pieces are joined into one block. */
const maxLoosePieces = 128;

export class ContentPieces {
  #blocks: Uint8Array[] = [];
  #loose: Uint8Array[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** All pieces so far, in order. */
  get all(): readonly Uint8Array[] {
    return this.#blocks.length === 0 ? this.#loose : [...this.#blocks, ...this.#loose];
  }

  push(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#loose.push(piece) < maxLoosePieces) return;
    this.#blocks.push(Buffer.concat(this.#loose));
    this.#loose = [];
  }

  /** Removes and returns all pieces so far, in order. */
  take(): Uint8Array[] {
    const pieces = this.#blocks.length === 0 ? this.#loose : [...this.#blocks, ...this.#loose];
    this.#blocks = [];
    this.#loose = [];
    this.#bytes = 0;
    return pieces;
  }
}
