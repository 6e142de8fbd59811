// Last refusals in their text form, each distinct one stored once and counted, because a dead site gives thousands of
// recipients the same one. Number 0 stands for none and is never counted.

import type { LastRefusal } from '../../message/refusal-form.ts';
import { Int32Column } from './columns.ts';
import { KeyIndex } from './key-index.ts';
import { Slots } from './slots.ts';

export class RefusalForms {
  readonly #forms = new KeyIndex();
  readonly #uses = new Int32Column();
  readonly #slots = new Slots(new Int32Column(), [this.#uses]);

  constructor() {
    this.#slots.take();
  }

  /** Distinct forms kept, the empty one not counted. */
  get size(): number {
    return this.#forms.size;
  }

  /** The number of a form, with one more use. */
  keep(form: LastRefusal): number {
    if (form === '') return 0;
    let number = this.#forms.find(form);
    if (number < 0) {
      number = this.#slots.take();
      this.#uses.set(number, 0);
      this.#forms.add(form, number);
    }
    this.#uses.add(number, 1);
    return number;
  }

  drop(number: number): void {
    if (number === 0 || this.#uses.add(number, -1) > 0) return;
    this.#forms.remove(number);
    this.#slots.give(number);
  }

  form(number: number): LastRefusal {
    // Nothing else is kept here.
    return this.#forms.keyOf(number) as LastRefusal;
  }
}
