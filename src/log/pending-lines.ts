// Log lines that wait to be written, oldest first, in pieces of whole lines. Their memory is bounded: beyond the bound new
// lines are dropped and counted until half of it is free again; then a line in their place says how many they were.

/** Characters that are kept at most. */
const maxCharacters = 16 << 20;

export class PendingLines {
  readonly #droppedLine: (count: number) => string;
  /** Full pieces, oldest first, and the one being filled. */
  #pieces: string[] = [];
  #filling = '';
  #length = 0;
  #dropped = 0;

  /** @param droppedLine - the line that says how many were dropped, with its line end */
  constructor(droppedLine: (count: number) => string) {
    this.#droppedLine = droppedLine;
  }

  /** Adds a line with its line end; false when there is no room for it. */
  add(line: string, pieceSize: number): boolean {
    const hasRoom =
      this.#dropped > 0 ? this.#tellDropped(pieceSize) : this.#length + line.length <= maxCharacters;
    if (hasRoom) this.#append(line, pieceSize);
    else this.#dropped++;
    return hasRoom;
  }

  /** The oldest piece; undefined when nothing is left. */
  take(pieceSize: number): Buffer | undefined {
    if (this.#dropped > 0) this.#tellDropped(pieceSize);
    let text = this.#pieces.shift();
    if (text === undefined) {
      text = this.#filling;
      this.#filling = '';
    }
    this.#length -= text.length;
    return text === '' ? undefined : Buffer.from(text);
  }

  get isEmpty(): boolean {
    return this.#length === 0 && this.#dropped === 0;
  }

  get isDropping(): boolean {
    return this.#dropped > 0;
  }

  /** Removes all lines, and returns how many are lost, including those that were dropped before. */
  clear(): number {
    let lost = this.#dropped;
    for (const text of [...this.#pieces, this.#filling]) lost += text.split('\n').length - 1;
    this.#pieces = [];
    this.#filling = '';
    this.#length = 0;
    this.#dropped = 0;
    return lost;
  }

  /** Puts a line in the place of those that were dropped; false while there is too little room. */
  #tellDropped(pieceSize: number): boolean {
    if (this.#length > maxCharacters / 2) return false;
    const count = this.#dropped;
    this.#dropped = 0;
    this.#append(this.#droppedLine(count), pieceSize);
    return true;
  }

  #append(line: string, pieceSize: number): void {
    if (this.#filling !== '' && this.#filling.length + line.length > pieceSize) {
      this.#pieces.push(this.#filling);
      this.#filling = line;
    } else {
      this.#filling += line;
    }
    this.#length += line.length;
  }
}
