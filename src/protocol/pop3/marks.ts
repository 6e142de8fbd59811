// What a session has done with the messages of a mailbox: which are marked as deleted (RFC 1939 5), and which were retrieved.

import type { Maildrop } from './server-types.ts';

export class Marks {
  readonly drop: Maildrop;
  readonly #deleted = new Set<number>();
  readonly #retrieved = new Set<number>();
  /** LAST (RFC 1460): the highest number that was accessed. */
  last = 0;

  constructor(drop: Maildrop) {
    this.drop = drop;
  }

  /** @returns why a message cannot be accessed: a text for the client; undefined when it can */
  refusalOf(number: number): string | undefined {
    if (number > this.drop.count) return `No such message, only ${this.drop.count} in the mailbox`;
    return this.#deleted.has(number) ? `Message ${number} is marked as deleted` : undefined;
  }

  get left(): number {
    return this.drop.count - this.#deleted.size;
  }

  /** Octets of all messages that are not deleted; undefined while one has no size. */
  get octets(): number | undefined {
    let sum = 0;
    for (let number = 1; number <= this.drop.count; number++) {
      if (this.#deleted.has(number)) continue;
      const size = this.drop.sizeOf(number);
      if (size === undefined) return undefined;
      sum += size;
    }
    return sum;
  }

  /** Lines of LIST or UIDL for all messages that are not deleted, and the dot at the end. */
  *lines(textOf: (number: number) => string): Generator<string, void> {
    for (let number = 1; number <= this.drop.count; number++) {
      if (!this.#deleted.has(number)) yield `${number} ${textOf(number)}\r\n`;
    }
    yield '.\r\n';
  }

  delete(number: number): void {
    this.#deleted.add(number);
    this.#access(number);
  }

  retrieve(number: number): void {
    this.#retrieved.add(number);
    this.#access(number);
  }

  /** RSET: nothing is deleted, and nothing was accessed. */
  reset(): void {
    this.#deleted.clear();
    this.last = 0;
  }

  get deleted(): readonly number[] {
    return [...this.#deleted].sort((one, other) => one - other);
  }

  /** Those that stay. */
  get retrieved(): readonly number[] {
    return [...this.#retrieved].filter((number) => !this.#deleted.has(number));
  }

  #access(number: number): void {
    this.last = Math.max(this.last, number);
  }
}
