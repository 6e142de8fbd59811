// A line on a terminal that is drawn again and again, until it is cleared. Where there is no terminal, nothing is drawn.

import type { WriteStream } from 'node:tty';
import { cutLine } from './cut-line.ts';
import { widthOf } from './terminal-text.ts';

const toStart = '\r';
const clearLine = '\u001b[K';

export class ProgressLine {
  readonly #out: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>;
  #isDrawn = false;

  constructor(output: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>) {
    this.#out = output;
  }

  draw(text: string): void {
    const width = widthOf(this.#out, process.env);
    if (width === undefined) return;
    this.#isDrawn = true;
    this.#out.write(`${toStart}${cutLine(text, width - 1)}${clearLine}`);
  }

  clear(): void {
    if (this.#isDrawn) this.#out.write(`${toStart}${clearLine}`);
    this.#isDrawn = false;
  }
}
