// Draws text on a terminal, each time over the text before. Promises: `close` leaves the terminal as it was.

import type { ReadStream, WriteStream } from 'node:tty';
import { cutLine } from './cut-line.ts';

const enter = '\u001b[?1049h\u001b[?25l'; // the other screen (xterm), cursor off
const leave = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';

/** The parts of a terminal that are used here. */
export type ScreenOutput = Pick<WriteStream, 'write' | 'columns' | 'rows'>;
export type ScreenInput = Pick<ReadStream, 'on' | 'off' | 'setRawMode' | 'resume' | 'pause'>;

export class LiveScreen {
  readonly #out: ScreenOutput;
  readonly #in: ScreenInput;
  readonly #pressed: (bytes: Buffer) => void;
  #open = true;

  /** @param key - called with each key that is pressed; ctrl-C is `\x03` */
  constructor(output: ScreenOutput, input: ScreenInput, key: (key: string) => void) {
    this.#out = output;
    this.#in = input;
    this.#pressed = (bytes) => {
      for (const each of bytes.toString('latin1')) key(each);
    };
    output.write(enter);
    input.setRawMode(true);
    input.on('data', this.#pressed);
    input.resume();
  }

  get rows(): number {
    return this.#out.rows;
  }

  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    const width = Math.max(this.#out.columns, 20);
    const shown = lines.slice(0, Math.max(this.#out.rows, 2) - 1).map((line) => cutLine(line, width - 1));
    this.#out.write(`${home}${shown.map((line) => `${line}${clearLine}\n`).join('')}${clearBelow}`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#in.off('data', this.#pressed);
    this.#in.setRawMode(false);
    this.#in.pause();
    this.#out.write(leave);
  }
}
