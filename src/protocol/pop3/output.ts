// What a session has to say: replies, and long answers that are made only as fast as the client takes them.

import { Buffer } from 'node:buffer';

/** An answer of many lines is made in portions of this size; and with as much to be taken, no further command is answered. */
const portionBytes = 16 * 1024;

export class Output {
  #ready: (string | Uint8Array)[] = [];
  #readyBytes = 0;
  /** Lines of an answer that is not complete. */
  #lines: Iterator<string> | undefined;

  /** Is so much to be taken, or an answer not complete, that nothing should be added? */
  get isWaiting(): boolean {
    return this.#lines !== undefined || this.#readyBytes >= portionBytes;
  }

  add(piece: string | Uint8Array): void {
    if (piece.length === 0) return;
    this.#ready.push(piece);
    this.#readyBytes += piece.length;
  }

  /** @param lines - the rest of an answer, which nothing is added behind until it is complete */
  list(lines: Iterator<string>): void {
    this.#lines = lines;
  }

  /** @returns undefined when there is nothing to be sent now */
  take(): Uint8Array | undefined {
    this.#makeLines();
    const ready = this.#ready;
    if (ready.length === 0) return undefined;
    this.#ready = [];
    this.#readyBytes = 0;
    const [only] = ready;
    if (ready.length === 1 && only !== undefined && typeof only !== 'string') return only;
    const pieces = ready.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }

  #makeLines(): void {
    if (this.#lines === undefined) return;
    let text = '';
    while (text.length < portionBytes) {
      const { done, value } = this.#lines.next();
      if (done === true) {
        this.#lines = undefined;
        break;
      }
      text += value;
    }
    this.add(text);
  }
}
