// Clients that a stage keeps waiting on purpose. Promises: they cost a place in the timer wheel each and no timer; there is a most, and beyond it
// nobody waits; a client that goes has its place freed at once.

import type { Deadline, Deadlines } from '../../io/deadlines.ts';

type Wheel = Pick<Deadlines, 'set' | 'clear'>;

export class Delays {
  readonly #deadlines: Wheel;
  /** By what waits, such as the facts of a session. */
  readonly #waiting = new Map<object, Wait>();
  #most = 0;

  constructor(deadlines: Wheel) {
    this.#deadlines = deadlines;
  }

  /** @param most - of a new configuration; those that wait go on waiting */
  configure(most: number): void {
    this.#most = most;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @param who - waits once at a time
   * @returns undefined when there are too many already; otherwise it resolves after that time, or when `who` has gone
   */
  wait(who: object, ms: number): Promise<void> | undefined {
    if (this.#waiting.size >= this.#most || this.#waiting.has(who)) return undefined;
    return new Promise((resolve) => {
      const wait = new Wait(() => {
        this.#waiting.delete(who);
        resolve();
      });
      this.#waiting.set(who, wait);
      this.#deadlines.set(wait, ms);
    });
  }

  /** It has gone, or need not wait any more. */
  end(who: object): void {
    const wait = this.#waiting.get(who);
    if (wait === undefined) return;
    this.#deadlines.clear(wait);
    wait.expired();
  }
}

class Wait implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly #over: () => void;

  constructor(over: () => void) {
    this.#over = over;
  }

  expired(): void {
    this.#over();
  }
}
