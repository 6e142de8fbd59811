// Last errors, each distinct text stored once and counted, because a dead site gives thousands of recipients the same one.
// Number 0 is the empty text and is never counted.

import { Int32Column } from './columns.ts';
import { KeyIndex } from './key-index.ts';
import { Slots } from './slots.ts';

export class ErrorTexts {
  readonly #texts = new KeyIndex();
  readonly #uses = new Int32Column();
  readonly #slots = new Slots(new Int32Column(), [this.#uses]);

  constructor() {
    this.#slots.take();
  }

  /** Distinct texts kept, the empty one not counted. */
  get size(): number {
    return this.#texts.size;
  }

  /** The number of a text, with one more use. */
  keep(text: string): number {
    if (text === '') return 0;
    let number = this.#texts.find(text);
    if (number < 0) {
      number = this.#slots.take();
      this.#uses.set(number, 0);
      this.#texts.add(text, number);
    }
    this.#uses.add(number, 1);
    return number;
  }

  drop(number: number): void {
    if (number === 0 || this.#uses.add(number, -1) > 0) return;
    this.#texts.remove(number);
    this.#slots.give(number);
  }

  text(number: number): string {
    return this.#texts.keyOf(number);
  }
}
