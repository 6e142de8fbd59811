// Last errors, each distinct text once: thousands of deferred recipients share a few.

const maxCharacters = 1000;

export class ErrorTexts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [''];
  readonly #uses: number[] = [1];
  /** The journal's frame that a text was last written to. */
  readonly #writtenIn: number[] = [0];
  readonly #free: number[] = [];

  /** The number of a text, with one more use; 0 is the empty text. */
  use(text: string): number {
    if (text === '') return 0;
    const short = text.length > maxCharacters ? text.slice(0, maxCharacters) : text;
    const known = this.#numbers.get(short);
    if (known !== undefined) {
      this.#uses[known] = (this.#uses[known] ?? 0) + 1;
      return known;
    }
    const number = this.#free.pop() ?? this.#texts.length;
    this.#texts[number] = short;
    this.#uses[number] = 1;
    this.#writtenIn[number] = 0;
    this.#numbers.set(short, number);
    return number;
  }

  release(number: number): void {
    if (number === 0) return;
    const uses = (this.#uses[number] ?? 0) - 1;
    this.#uses[number] = uses;
    if (uses > 0) return;
    this.#numbers.delete(this.text(number));
    this.#texts[number] = '';
    this.#free.push(number);
  }

  text(number: number): string {
    return this.#texts[number] ?? '';
  }

  /** True the first time that a text is asked for with this frame. */
  firstIn(frame: number, number: number): boolean {
    if (this.#writtenIn[number] === frame) return false;
    this.#writtenIn[number] = frame;
    return true;
  }
}
