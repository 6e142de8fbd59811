// The text forms of last refusals. Each distinct form is kept once and has a number, because thousands of deferred
// recipients share a few.

import type { LastRefusal } from '../../message/refusal-form.ts';

export class RefusalForms {
  readonly #numbers = new Map<LastRefusal, number>();
  readonly #forms: LastRefusal[] = [''];
  readonly #uses: number[] = [1];
  /** Number of the journal's frame to which a form was last written. */
  readonly #writtenIn: number[] = [0];
  readonly #free: number[] = [];

  /** Adds a use of a form and returns its number; 0 for the empty form. */
  retain(form: LastRefusal): number {
    if (form === '') return 0;
    const known = this.#numbers.get(form);
    if (known !== undefined) {
      this.#uses[known] = (this.#uses[known] ?? 0) + 1;
      return known;
    }
    const number = this.#free.pop() ?? this.#forms.length;
    this.#forms[number] = form;
    this.#uses[number] = 1;
    this.#writtenIn[number] = 0;
    this.#numbers.set(form, number);
    return number;
  }

  /** Removes a use. After the last one, the form is forgotten and its number is reused. */
  release(number: number): void {
    if (number === 0) return;
    const uses = (this.#uses[number] ?? 0) - 1;
    this.#uses[number] = uses;
    if (uses > 0) return;
    this.#numbers.delete(this.form(number));
    this.#forms[number] = '';
    this.#free.push(number);
  }

  form(number: number): LastRefusal {
    return this.#forms[number] ?? '';
  }

  /** Notes that a form is written to a frame. True if it was not written to this frame before. */
  markWrittenIn(frame: number, number: number): boolean {
    if (this.#writtenIn[number] === frame) return false;
    this.#writtenIn[number] = frame;
    return true;
  }
}
