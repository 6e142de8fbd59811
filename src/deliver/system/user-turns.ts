// Who delivers to a user, and how many at once. Deliveries to one user wait for each other as long as they get on. Promise: while all that may run for
// a user take long, further mail for this user waits in the queue, not here, where it would hold up others.

/** A delivery that takes longer holds up no others: most are over in a tenth of it. */
const slowAfterMs = 2_000;

interface Running {
  count: number;
  slow: number;
  readonly waiting: Set<{ readonly begin: () => void; readonly refuse: () => void }>;
}

export class UserTurns {
  readonly #users = new Map<string, Running>();

  /**
   * Acts when it is this delivery's turn.
   * @param most - deliveries to this user at once
   * @returns undefined: it was not its turn, and others take long
   */
  run<T>(user: string, most: number, act: () => Promise<T>): Promise<T | undefined> {
    const known = this.#users.get(user) ?? { count: 0, slow: 0, waiting: new Set() };
    this.#users.set(user, known);
    if (known.count < most) return this.#begin(user, known, most, act);
    if (known.slow >= most) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      known.waiting.add({
        begin: () => this.#begin(user, known, most, act).then(resolve, reject),
        refuse: () => resolve(undefined),
      });
    });
  }

  async #begin<T>(user: string, known: Running, most: number, act: () => Promise<T>): Promise<T> {
    known.count++;
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      known.slow++;
      if (known.slow < most) return;
      for (const { refuse } of known.waiting) refuse();
      known.waiting.clear();
    }, slowAfterMs);
    try {
      return await act();
    } finally {
      clearTimeout(timer);
      known.count--;
      if (isSlow) known.slow--;
      for (const next of known.waiting) {
        if (known.count >= most) break;
        known.waiting.delete(next);
        next.begin();
      }
      if (known.count === 0) this.#users.delete(user);
    }
  }
}
