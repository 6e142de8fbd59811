// Last refusals in their text form, each distinct one once: thousands of deferred recipients share a few.

import type { LastRefusal } from '../message/refusal-form.ts';

export class RefusalForms {
  readonly #numbers = new Map<LastRefusal, number>();
  readonly #forms: LastRefusal[] = [''];
  readonly #uses: number[] = [1];
  /** The journal's frame that a form was last written to. */
  readonly #writtenIn: number[] = [0];
  readonly #free: number[] = [];

  /** The number of a form, with one more use; 0 stands for none. */
  use(form: LastRefusal): number {
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

  /** True the first time that a form is asked for with this frame. */
  firstIn(frame: number, number: number): boolean {
    if (this.#writtenIn[number] === frame) return false;
    this.#writtenIn[number] = frame;
    return true;
  }
}
