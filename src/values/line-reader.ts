// Splits a stream of text into lines of bounded length. Promises: a line costs time and memory in proportion to its length,
// however it was cut into pieces.

export class LineReader {
  readonly #mostCharacters: number;
  #pieces: string[] = [];
  #length = 0;

  constructor(mostCharacters: number) {
    this.#mostCharacters = mostCharacters;
  }

  /** Characters of the line that has begun. */
  get length(): number {
    return this.#length;
  }

  /** True when the line that has begun is longer than allowed. */
  get isTooLong(): boolean {
    return this.#length > this.#mostCharacters;
  }

  /** Adds a piece; returns the lines that it completes, without their ends. */
  add(piece: string): string[] {
    const lines: string[] = [];
    let from = 0;
    // Only the new piece is searched.
    for (let end = piece.indexOf('\n'); end !== -1; end = piece.indexOf('\n', from)) {
      lines.push([...this.#pieces, piece.slice(from, end)].join(''));
      this.#pieces = [];
      this.#length = 0;
      from = end + 1;
    }
    if (from < piece.length) {
      this.#pieces.push(piece.slice(from));
      this.#length += piece.length - from;
    }
    return lines;
  }
}
