// Tenants' queues by number: messages and routes carry two bytes instead of a name. Queues are few and never forgotten.

/** The queue of mail that belongs to no tenant. */
export const commonQueue = 0;

/** More tenants than this share the last number, and its turns. */
const most = 0xffff;

export class QueueNames {
  readonly #names = [''];
  readonly #numbers = new Map([['', commonQueue]]);
  #weights: ReadonlyMap<string, number> = new Map();

  /** Turns in a row by name; 1 where none is given. */
  setWeights(weights: ReadonlyMap<string, number>): void {
    this.#weights = weights;
  }

  get count(): number {
    return this.#names.length;
  }

  intern(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = Math.min(this.#names.length, most);
    if (number === this.#names.length) this.#names.push(name);
    this.#numbers.set(name, number);
    return number;
  }

  nameOf(queue: number): string {
    return this.#names[queue] ?? '';
  }

  weight(queue: number): number {
    return Math.max(1, this.#weights.get(this.nameOf(queue)) ?? 1);
  }
}
