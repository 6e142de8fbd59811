// Lines of a plugin or a program for the log: so many a second and no more.

const mostASecond = 100;
const mostChars = 1_000;

export class LogLines {
  readonly #write: (text: string) => void;
  readonly #nowMs: () => number;
  #sinceMs = -Infinity;
  #count = 0;
  #partOfLine = '';

  constructor(write: (text: string) => void, nowMs: () => number) {
    this.#write = write;
    this.#nowMs = nowMs;
  }

  add(text: string): void {
    const now = this.#nowMs();
    if (now >= this.#sinceMs + 1_000) {
      if (this.#count > mostASecond) this.#write(`${this.#count - mostASecond} lines were left out`);
      this.#sinceMs = now;
      this.#count = 0;
    }
    if (++this.#count <= mostASecond) this.#write(text.slice(0, mostChars));
  }

  /** What was written to standard output or error, cut anywhere. */
  addPiece(piece: string): void {
    const lines = (this.#partOfLine + piece).split('\n');
    this.#partOfLine = (lines.pop() ?? '').slice(0, mostChars);
    for (const line of lines) if (line.trim() !== '') this.add(line);
  }
}
