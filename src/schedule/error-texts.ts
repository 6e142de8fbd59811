// Last errors, each distinct text stored once and counted, because a dead site gives thousands of recipients the same one.
// Number 0 is the empty text and is never counted.

import { Int32Column } from './columns.ts';
import { Slots } from './slots.ts';

export class ErrorTexts {
  readonly #texts: string[] = [];
  readonly #uses = new Int32Column();
  readonly #slots = new Slots(new Int32Column(), [this.#uses]);
  readonly #numbers = new Map<string, number>();

  constructor() {
    this.#texts[this.#slots.take()] = '';
  }

  /** Distinct texts kept, the empty one not counted. */
  get size(): number {
    return this.#numbers.size;
  }

  /** The number of a text, with one more use. */
  keep(text: string): number {
    if (text === '') return 0;
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#slots.take();
      this.#texts[number] = text;
      this.#uses.set(number, 0);
      this.#numbers.set(text, number);
    }
    this.#uses.add(number, 1);
    return number;
  }

  drop(number: number): void {
    if (number === 0 || this.#uses.add(number, -1) > 0) return;
    this.#numbers.delete(this.text(number));
    this.#texts[number] = '';
    this.#slots.give(number);
  }

  text(number: number): string {
    return this.#texts[number] ?? '';
  }
}
